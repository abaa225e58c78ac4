"""What a report says of radiographs of the spine: the view, and what was looked for in it.

Nothing here has a level. The words are in ``etl/languages``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from etl.asked import Asked, unseen_asked
from etl.board import is_absent, is_present, is_probable
from etl.check import meyerding
from etl.phrases import Phrases, first_upper
from radixgpt.finding import ITEMS, OF_RADIOGRAPHS, Finding
from radixgpt.report import Section, Sentence, SeriesFacts, StudyFacts


def _shown(facts: StudyFacts) -> list[SeriesFacts]:
    return [s for s in facts.series if s.key in facts.radiographs]


def _views(facts: StudyFacts, phrases: Phrases) -> list[str]:
    return list(dict.fromkeys(phrases.word("view", s.view) for s in _shown(facts)))


def exam_sentences(facts: StudyFacts, phrases: Phrases) -> Iterator[Sentence]:
    """The examination and its technique, each a sentence."""
    region = phrases.word("region", "spine" if facts.region == "unknown" else facts.region)
    count = len(facts.radiographs)
    text = phrases.say("exam_radiograph", count=count, region=region)
    yield Sentence(text=text, section="exam")
    if facts.synthetic:
        yield Sentence(text=phrases.say("exam_synthetic"), section="exam")


def technique_sentences(facts: StudyFacts, phrases: Phrases) -> Iterator[Sentence]:
    """How many radiographs, and their views."""
    count = sum(s.slices for s in _shown(facts))
    text = phrases.say("technique_radiograph", count=count, views=_views(facts, phrases))
    yield Sentence(text=text, section="technique")


def limitations(facts: StudyFacts, findings: Sequence[Finding], phrases: Phrases) -> Iterator[str]:
    """What was not looked at, and where the view comes from."""
    yield phrases.say("limit_radiograph")
    if any(f.kind == "scoliosis" and f.status != "not_assessable" for f in findings):
        yield phrases.say("limit_side")
    if any(f.kind == "spondylolisthesis" and f.status != "not_assessable" for f in findings):
        yield phrases.say("limit_slip")
    judged = [
        phrases.word("view", s.view) for s in _shown(facts) if s.facts_from.get("view") != "header"
    ]
    if judged:
        yield phrases.say("limit_view", views=list(dict.fromkeys(judged)))
    reasons = {
        f.reason
        for f in findings
        if f.kind in OF_RADIOGRAPHS and f.status == "not_assessable" and f.reason
    }
    for reason in sorted(reasons):
        yield f"{first_upper(phrases.told(reason)).rstrip('.')}."
    if any(f.status == "indeterminate" for f in findings):
        yield phrases.say("limit_indeterminate")


def radiograph_sentences(
    findings: Sequence[Finding], phrases: Phrases, asked: Sequence[Asked] = ()
) -> tuple[Sentence, ...]:
    """The findings, then the impression, which begins with what was ``asked``."""
    wanted = [kind for one in asked for kind in one.kinds]
    of = {f.kind: f for f in findings if f.level is None}
    parts = [(of[kind], *_said(of[kind], of, phrases)) for kind in OF_RADIOGRAPHS if kind in of]
    first = [part for part in parts if part[0].kind in wanted]
    others = [p for p in parts if p not in first and p[0].status != "not_assessable"]
    unseen = [f for f in findings if f.kind in ITEMS]
    left = unseen_asked(unseen, asked, phrases, graded=False)
    answers = [Sentence(text=left[0], section="impression", findings=left[1])] if left else []
    told = [*first, *others] or ([] if answers else parts)
    return (
        *(_sentence("findings", part) for part in parts),
        *(_sentence("impression", part) for part in first),
        *answers,
        *(_sentence("impression", part) for part in told[len(first) :]),
    )


_Part = tuple[Finding, str, tuple[str, ...]]


def _sentence(section: Section, part: _Part) -> Sentence:
    return Sentence(text=part[1], section=section, findings=part[2])


def _said(f: Finding, of: dict[str, Finding], phrases: Phrases) -> tuple[str, tuple[str, ...]]:
    """One finding in a sentence, and the ids that it states."""
    noun = phrases.word("present", f.kind)
    if f.status == "not_assessable":
        return phrases.say("items_not_assessed", items=[noun]), (f.id,)
    angle = of.get("curve_angle") if f.kind == "scoliosis" else None
    degrees: float | None = None
    ids: tuple[str, ...] = (f.id,)
    if angle is not None and isinstance(angle.value, int | float) and not is_absent(f):
        degrees, ids = angle.value, (f.id, angle.id)
    if f.status == "indeterminate":
        if f.kind == "scoliosis":
            return phrases.say("curve_open", degrees=degrees), ids
        return phrases.say("items_indeterminate", items=[noun]), ids
    if is_present(f):
        item = phrases.say("item", noun=noun, side=None, probable=is_probable(f))
        if f.kind == "spondylolisthesis":
            return _slipped(f, item, of.get("slip_ratio"), phrases)
        return phrases.say("curved", item=item, degrees=degrees), ids
    return phrases.say("absent_on_radiographs", items=[noun]), ids


def _slipped(
    f: Finding, item: str, size: Finding | None, phrases: Phrases
) -> tuple[str, tuple[str, ...]]:
    """A slip with its size in shares of the vertebral depth, and the ids that say it."""
    if size is None or not isinstance(size.value, int | float):
        return phrases.say("listhesis", item=item, slip=""), (f.id,)
    text = phrases.say(
        "listhesis",
        item=item,
        slip=phrases.say("slip_share", ratio=size.value),
        direction=phrases.say("slip_direction", size=size.value),
        meyerding=meyerding(size.value),
    )
    return text, (f.id, size.id)
