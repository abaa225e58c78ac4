"""Whether a text states nothing but given findings, read again from its words alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from etl.claim import Claim
from etl.lexicon import WORDS
from etl.wording import read
from radixgpt.finding import ENDPLATES, GRADED, Finding

_BINARY = frozenset(kind for kind in GRADED if kind not in ("pfirrmann", "modic"))


def normal_value(finding: Finding) -> bool:
    """Whether a finding states the absence of disease (Pfirrmann I and II, Modic 0, absent)."""
    if finding.kind == "pfirrmann":
        return finding.value in (1, 2)
    return finding.value in ("absent", 0)


def meyerding(ratio: float) -> int:
    """Meyerding grade 1-5 of a slip as a share of the vertebral depth (Meyerding 1932)."""
    share = abs(ratio)
    return next(
        (grade for grade, top in ((1, 0.25), (2, 0.5), (3, 0.75), (4, 1.0)) if share <= top), 5
    )


def check_sentence(
    text: str,
    findings: Sequence[Finding],
    *,
    level: str | None = None,
    complete: bool = False,
    language: str = "en",
) -> list[str]:
    """Problems of a text that is meant to state nothing but these findings.

    Args:
        text: one or more sentences, by a template, a language model or anyone else.
        findings: what the text may state.
        level: the level that is meant where the text names none; when None, the one level that
            all findings share.
        complete: the text must also state every one of the findings.
        language: of the text.

    Returns:
        What is wrong, a clause each; empty when nothing is.
    """
    reading, words = read(text, language), WORDS[language]
    problems = [*reading.problems]
    problems.extend(
        f"says '{m.group()}', which no finding states" for m in words.says_normal.finditer(text)
    )
    problems.extend(
        f"says '{m.group()}', but there is no prior study" for m in words.says_prior.finditer(text)
    )
    shared = {f.level for f in findings}
    if level is None and len(shared) == 1:
        level = shared.pop()
    stated: set[str] = set()
    said: list[tuple[str, str | None, str | None]] = []
    for claim in reading.claims:
        levels: tuple[str | None, ...] = claim.levels or ((level,) if level else ())
        if not levels and any(f.kind == claim.kind and f.level is None for f in findings):
            levels = (None,)
        if not levels:
            problems.append(f"'{claim.words}' names no level")
        for place in levels:
            problems.extend(_unsupported(claim, place, findings, stated))
            if claim.kind in _BINARY:
                said.append((claim.kind, place, claim.side))
    if ". " not in text.strip():  # in one sentence, a level that comes twice stands for another
        problems.extend(
            f"states {kind} at {place or 'the whole study'} twice"
            for (kind, place, _), times in Counter(said).items()
            if times > 1
        )
    if complete:
        problems.extend(
            f"does not state {f.id} ({f.kind} at {f.level})" for f in findings if f.id not in stated
        )
    return list(dict.fromkeys(problems))


def _unsupported(
    claim: Claim, place: str | None, findings: Sequence[Finding], stated: set[str]
) -> Iterator[str]:
    """What is wrong with a claim about a level or the whole; notes what supports it."""
    here = [f for f in findings if f.kind == claim.kind and f.level == place]
    plates = [f for f in findings if f.kind in ENDPLATES and f.level == place]
    if (
        claim.either
        and not any(_holds(claim, f) for f in here)
        and any(_holds(claim, f) for f in plates)
    ):
        return  # the other endplate is changed, which is enough
    matching = [f for f in here if f.side == claim.side]
    level = place or "the whole study"
    if not here:
        yield f"'{claim.words}' at {level} has no finding"
        return
    if not matching:
        sides = ", ".join(sorted(str(f.side or "no side") for f in here))
        yield f"'{claim.words}' at {level} is said of {claim.side or 'no side'}, found: {sides}"
        return
    for finding in matching:
        if finding.status != claim.status:
            yield f"'{claim.words}' at {level}: the finding's status is {finding.status}"
        elif not _agrees(claim, finding, findings):
            yield f"'{claim.words}' at {level} differs from the finding, {finding.value}"
        elif claim.source == "measured" and finding.set_by_reader:
            yield f"'{claim.words}' at {level} is called measured, and the reader set it"
        elif claim.source == "reader" and not finding.set_by_reader:
            yield f"'{claim.words}' at {level} is called the reader's, and a tool stated it"
        else:
            stated.add(finding.id)


def _holds(claim: Claim, f: Finding) -> bool:
    """Whether a finding, of whichever endplate, is as claimed."""
    return f.side == claim.side and f.status == "value" and f.value in claim.allowed


def _agrees(claim: Claim, finding: Finding, findings: Sequence[Finding]) -> bool:
    if claim.status != "value":
        return True
    value = finding.value
    if claim.superlative:
        grades = {
            f.level: f.value
            for f in findings
            if f.kind == claim.kind and f.status == "value" and isinstance(f.value, int)
        }
        worst = {level for level, grade in grades.items() if grade == max(grades.values())}
        return set(claim.levels) == worst != set(grades)
    if claim.meyerding is not None:
        return isinstance(value, float | int) and meyerding(value) == claim.meyerding
    if claim.number is not None:
        if not isinstance(value, float | int):
            return False
        if claim.direction is not None and (value > 0) != (claim.direction == "anterior"):
            return False
        size = abs(value) * (100 if claim.percent else 1)
        decimals = len(claim.number.partition(".")[2])
        return f"{size:.{decimals}f}" == claim.number
    return value in claim.allowed
