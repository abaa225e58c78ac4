"""The tool that captions the images of the open study."""

# ruff: noqa: D417 (the runtime is injected and no part of a tool's description)

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from langchain.tools import tool

from agent import content as c
from agent import pictures
from agent.arguments import Disc, Result, Runtime, Shown, Weighting, progress, result
from radixgpt.finding import KINDS
from radixgpt.observation import Observation
from radixgpt.report import Report

if TYPE_CHECKING:
    from tools.captioner import LeftOut


@tool(response_format="content_and_artifact", parse_docstring=True)
def caption_image(
    runtime: Runtime,
    level: Disc | None = None,
    sequence: Weighting | None = None,
    style: Literal["standard", "note", "brief"] = "standard",
) -> Result:
    """Write a caption of the open study, of one of its images, or of one disc.

    The user sees it as it is; don't word it again.

    Args:
        level: caption this disc alone.
        sequence: caption the image of this weighting alone.
        style: standard for prose, note for level by level, brief for finding by finding.
    """
    from tools import captioner
    from tools.captioner import Scope

    session = runtime.context.session
    say = progress(runtime)
    reading = session.look(progress=say)
    eligible = reading.eligibility
    scope = Scope()
    if level is not None:
        scope = Scope.of_disc(level.value)
    elif sequence is not None:
        named = eligible.t1 if sequence is Weighting.T1 else eligible.t2
        series = named or next(iter((*eligible.graded_series, *eligible.radiographs)), None)
        scope = Scope.of_image(series) if series else Scope()
    say("Writing the caption")
    found = captioner.caption(
        reading.study,
        eligible,
        _without(reading.observations, session.report),
        scope,
        style=style,
        captioner=captioner.Chosen(*session.captioner),
        consents=session.consents,
    )
    weighted = reading.study.one(scope.series).sequence.value if scope.series else ""
    what = c.CaptionedContent(
        of=found.scope.of,
        level=scope.level,
        sequence=weighted,
        text=found.text,
        statements=len(found.statements),
        not_stated=tuple(f"{_named(one)}: {one.reason}" for one in found.left_out),
        unsaid=tuple(_named(one) for one in found.unsaid),
        model=found.models[0].name if found.models else "",
    )
    marks = [(one.level, one.evidence) for one in found.statements if one.level and one.evidence]
    told = f"{len(found.statements)} statements"
    return result(what, Shown(told, pictures.of_marks(reading.study, marks)))


_SET = "set by the reader; a caption states what the models saw"


def _named(one: LeftOut) -> str:
    """A kind at a level in words."""
    title = KINDS[one.kind].title if one.kind in KINDS else one.kind
    return f"{title} at {one.level}" if one.level else title


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
