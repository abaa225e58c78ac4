"""The tool that captions the images of the open study."""

# ruff: noqa: D417 (the runtime is injected and no part of a tool's description)

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from langchain.tools import tool

from agent import content as c
from agent import pictures
from agent.arguments import Disc, Result, Runtime, Shown, Unsaid, Weighting, progress, result
from agent.state import Pending, Sending
from radixgpt.consent import answer, question
from radixgpt.errors import InputError
from radixgpt.observation import Observation
from radixgpt.report import Report


@tool(response_format="content_and_artifact", parse_docstring=True)
def caption_image(
    runtime: Runtime,
    level: Disc | Unsaid = None,
    sequence: Weighting | Unsaid = None,
    style: Literal["standard", "note", "brief"] = "standard",
) -> Result:
    """Write a caption of the open study, of one of its images, or of one disc.

    The user sees it as it is; don't word it again.

    Args:
        level: caption this disc alone.
        sequence: caption the image of this weighting alone.
        style: standard for prose, note for level by level, brief for finding by finding.
    """
    asked: dict[str, str] = {"style": style}
    if level is not None:
        asked["level"] = level.value
    if sequence is not None:
        asked["sequence"] = sequence.value
    return write(runtime, asked)


def write(runtime: Runtime, asked: Mapping[str, str]) -> Result:
    """Caption what was asked for; a server of others is first asked about.

    Args:
        runtime: with the session.
        asked: ``style``, and ``level`` or ``sequence`` where one is named.
    """
    from tools import captioner
    from tools.captioner import Scope
    from tools.captioner.backends import parse
    from tools.captioner.pictures import gather

    session = runtime.context.session
    say = progress(runtime)
    reading = session.look(progress=say)
    eligible = reading.eligibility
    scope = Scope()
    if "level" in asked:
        scope = Scope.of_disc(asked["level"])
    elif "sequence" in asked:
        named = eligible.t1 if asked["sequence"] == Weighting.T1.value else eligible.t2
        series = named or next(iter((*eligible.graded_series, *eligible.radiographs)), None)
        scope = Scope.of_image(series) if series else Scope()
    seen = _without(reading.observations, session.report)
    _, _, url = parse(session.captioner[0])
    key = reading.study.key
    if url and eligible.read and not session.consents.given(key, url):
        shown = gather(reading.study, eligible, seen, scope)
        session.pending = Pending(Sending(url, key, asked), session.turn)
        wanted = c.SendingContent(question=question(url, len(shown.images)))
        return result(wanted, Shown("waits for a yes"))
    say("Writing the caption")
    found = captioner.caption(
        reading.study,
        eligible,
        seen,
        scope,
        style=asked["style"],  # type: ignore[arg-type]
        captioner=captioner.Chosen(*session.captioner),
        consents=session.consents,
    )
    weighted = reading.study.one(scope.series).sequence.value if scope.series else ""
    what = c.CaptionedContent(
        of=found.scope.of,
        level=scope.level,
        sequence=weighted,
        text=found.text,
        silence=found.silence,
        statements=len(found.statements),
        not_stated=tuple(f"{one.named}: {one.reason}" for one in found.left_out),
        unsaid=tuple(one.named for one in found.unsaid),
        model=found.models[0].name if found.models else "",
    )
    marks = [(one.level, one.evidence) for one in found.statements if one.level and one.evidence]
    told = f"{len(found.statements)} statements"
    return result(what, Shown(told, pictures.of_marks(reading.study, marks)))


_SET = "set by the reader; a caption states what the models saw"


def allow(runtime: Runtime, sending: Sending, *, accept: bool) -> Result:
    """Note the user's answer, and after a yes write the caption that was asked for.

    Raises:
        InputError: another study is open by now.
    """
    session = runtime.context.session
    session.pending = None
    if session.study.key != sending.study:
        raise InputError("Another study is open by now.", "Ask for the caption again.")
    if not accept:
        return result(c.SendingContent(question=""), Shown("nothing was sent"))
    if answer(session.said) is not True:  # a language model may not say it for them
        session.pending = Pending(sending, session.turn)
        raise InputError("You have not said yes to that.", "Say yes, and nothing else, to send.")
    session.consents.give(sending.study, sending.url)
    return write(runtime, sending.asked)


def _without(observations: Iterable[Observation], report: Report | None) -> list[Observation]:
    """What the tools saw, but for what the reader has set: a caption states what was seen."""
    stated = report.findings if report else ()
    changed = {(finding.level, finding.kind) for finding in stated if finding.set_by_reader}
    return [
        o.model_copy(update={"status": "indeterminate", "value": None, "reason": _SET})
        if (o.level, o.kind) in changed
        else o
        for o in observations
    ]
