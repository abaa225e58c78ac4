"""The tools as a language model calls them: wrapped once, typed, each returning content for the
model and images for the user.

A tool's docstring is its description. Images, paths and identifiers go into the artifact, which no
model sees. Tools raise the project's own errors; the graph turns them into messages.
"""

# ruff: noqa: D417 (the runtime is injected and no part of a tool's description)

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from langchain.tools import ToolRuntime, tool
from langchain_core.tools import BaseTool

from agent import answers, pictures
from agent import content as c
from agent.events import Image, Progress
from agent.session import Pending, Session, SetGrade
from radixgpt.eligibility import REASONS
from radixgpt.errors import CheckFailedError, InputError, LevelError, NotEligibleError
from radixgpt.finding import GRADED, KINDS, Finding
from radixgpt.level import LUMBAR_DISCS, order
from radixgpt.report import Report

NOT_ASSESSED: tuple[str, ...] = (
    "the foramina and lateral recesses",
    "nerve roots, cord and conus",
    "facet joints and ligaments",
    "a grade of canal stenosis",
    "fractures, tumours, infection and marrow lesions",
    "alignment, scoliosis and implants",
    "the side of a finding",
    "levels outside of L1-L2 to L5-S1",
    "change from an earlier study",
    "cause, treatment and prognosis",
)
"""What no tool looks at, in words for a reader."""


class Disc(StrEnum):
    """A lumbar disc."""

    L1_L2 = "L1-L2"
    L2_L3 = "L2-L3"
    L3_L4 = "L3-L4"
    L4_L5 = "L4-L5"
    L5_S1 = "L5-S1"


class Graded(StrEnum):
    """A kind of finding that is graded at every disc."""

    PFIRRMANN = "pfirrmann"
    NARROWING = "disc_narrowing"
    BULGING = "disc_bulging"
    HERNIATION = "disc_herniation"
    MODIC = "modic"
    ENDPLATE_UPPER = "endplate_upper"
    ENDPLATE_LOWER = "endplate_lower"
    SPONDYLOLISTHESIS = "spondylolisthesis"


class Quantity(StrEnum):
    """Something that is measured at every disc."""

    DISC_HEIGHT = "disc_height"
    CANAL = "canal"
    SLIP = "slip"


class Weighting(StrEnum):
    """The weighting of a series."""

    T1 = "t1"
    T2 = "t2"


class Style(StrEnum):
    """How the report is worded."""

    STANDARD = "standard"
    CONCISE = "concise"


KINDS_OF: dict[Quantity, tuple[str, ...]] = {
    Quantity.DISC_HEIGHT: ("disc_height_mm", "disc_height_index"),
    Quantity.CANAL: ("canal_mm", "canal_ratio"),
    Quantity.SLIP: ("slip_mm", "slip_ratio"),
}
"""The measured kinds of each quantity."""

Which = Literal["all", "abnormal", "worst"]


@dataclass(frozen=True)
class Context:
    """What a tool is given besides its arguments; no model sees it."""

    session: Session


@dataclass(frozen=True)
class Shown:
    """What a tool gives to the user and not to the model.

    Attributes:
        summary: one line on what came out.
        findings: ids of the findings that were returned.
    """

    summary: str
    images: tuple[Image, ...] = ()
    findings: tuple[str, ...] = ()


Runtime = ToolRuntime[Context]
Result = tuple[str, Shown]


def _progress(runtime: Runtime) -> Callable[[str], None]:
    write = runtime.stream_writer
    return lambda text: write(Progress(text))


def _report(runtime: Runtime) -> Report:
    """The report of a gradable study.

    Raises:
        NotEligibleError: triage refused it.
    """
    session = runtime.context.session
    report = session.draft(_progress(runtime))
    if not report.study.gradable:
        reason = report.study.reason or "not-an-image"
        text = next((t for code, t in REASONS.items() if code == reason), "It was not graded.")
        raise NotEligibleError(
            reason, f"This study is not graded. {text}", "Open a lumbar MR study."
        )
    return report


def _levels(levels: Iterable[Disc] | None) -> tuple[str, ...]:
    """The levels that are meant, from head to tail; all five if none are named."""
    return tuple(sorted({disc.value for disc in levels or ()}, key=order)) or LUMBAR_DISCS


def _chosen(report: Report, levels: Iterable[str], kinds: Iterable[str]) -> tuple[Finding, ...]:
    places, wanted = list(levels), list(kinds)
    found = [f for f in report.findings if f.level in places and f.kind in wanted]
    return tuple(sorted(found, key=lambda f: (order(f.level or ""), wanted.index(f.kind))))


def _worst(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings of the levels with the highest Pfirrmann grade, then most findings present."""

    def severity(level: str | None) -> tuple[int, int]:
        here = [f for f in findings if f.level == level and f.status == "value"]
        grades = [f.value for f in here if f.kind == "pfirrmann" and isinstance(f.value, int)]
        modic = any(f.kind == "modic" and f.value not in (0, None) for f in here)
        present = sum(f.value == "present" for f in here) + modic
        return max(grades, default=0), present

    levels = {f.level for f in findings if f.status == "value"}
    if not levels:
        return findings
    top = max(severity(level) for level in levels)
    return tuple(f for f in findings if severity(f.level) == top)


def _result(what: c.Content, shown: Shown) -> Result:
    return c.to_text(what), shown


def _ids(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(f.id for f in findings)


@tool(response_format="content_and_artifact", parse_docstring=True)
def describe_study(runtime: Runtime) -> Result:
    """Say what the open study is: modality, region, series, and whether it can be graded."""
    session = runtime.context.session
    reading = session.look(progress=_progress(runtime))
    study, eligibility = reading.study, reading.eligibility
    graded = [study.one(key) for key in eligibility.graded_series] or list(study.series)
    series = tuple(
        c.SeriesContent(
            series=s.key,
            modality=s.modality.value,
            plane=s.plane.value,
            sequence=s.sequence.value,
            slices=s.slices,
            millimetres=s.has_millimetres(),
        )
        for s in study.series
    )
    what = c.StudyContent(
        modality=graded[0].modality.value if graded else "unknown",
        region=graded[0].region.value if graded else "unknown",
        gradable=eligibility.gradable,
        reason=REASONS[eligibility.reason] if eligibility.reason else "",
        synthetic=study.synthetic,
        series=series,
        left_out=len(study.quarantine),
        warnings=study.warnings,
    )
    verdict = "can be graded" if eligibility.gradable else "can't be graded"
    return _result(what, Shown(f"{len(series)} series, {verdict}"))


@tool(response_format="content_and_artifact", parse_docstring=True)
def find_levels(runtime: Runtime) -> Result:
    """Say which discs and vertebrae were found and how the levels were numbered."""
    session = runtime.context.session
    report = _report(runtime)
    reading = session.look()
    seen = [o for o in reading.observations if o.level and o.status == "value"]
    discs = sorted({o.level for o in seen if o.kind == "disc" and o.level}, key=order)
    bones = sorted({o.level for o in seen if o.kind == "vertebra" and o.level}, key=order)
    what = c.LevelsContent(
        discs=tuple(discs),
        vertebrae=tuple(bones),
        numbering_basis=report.study.numbering_basis,
        level_shift=session.level_shift,
    )
    image = pictures.of_level(
        reading.study, [o for o in seen if o.kind == "disc"], level=None, sequence=None
    )
    return _result(what, Shown(f"{len(discs)} discs", (image,) if image else ()))


@tool(response_format="content_and_artifact", parse_docstring=True)
def get_findings(
    runtime: Runtime,
    levels: list[Disc] | None = None,
    kinds: list[Graded] | None = None,
    which: Which = "all",
) -> Result:
    """Return the graded findings of the study.

    Args:
        levels: lumbar discs; leave out for all five.
        kinds: kinds of finding; leave out for all.
        which: abnormal for those beyond Pfirrmann II, Modic 0 and absent only; worst for the level
            with the highest Pfirrmann grade, then the most findings present.
    """
    from etl.check import normal_value

    report = _report(runtime)
    places, wanted = _levels(levels), tuple(kind.value for kind in kinds or ())
    found = _chosen(report, places, wanted or GRADED)
    if which == "worst":
        found = _worst(found)
    elif which == "abnormal":
        found = tuple(f for f in found if f.status != "value" or not normal_value(f))
    what = c.FindingsContent(
        levels=places,
        kinds=wanted,
        which=which,
        findings=tuple(c.without_evidence(f) for f in found),
    )
    stated = [f for f in found if f.status == "value"]
    images = pictures.of_findings(runtime.context.session.study, stated)
    return _result(what, Shown(_count(found), images, _ids(found)))


def _count(findings: tuple[Finding, ...]) -> str:
    return f"{len(findings)} finding{'' if len(findings) == 1 else 's'}"


@tool(response_format="content_and_artifact", parse_docstring=True)
def measure(
    runtime: Runtime,
    levels: list[Disc] | None = None,
    quantities: list[Quantity] | None = None,
) -> Result:
    """Return measured quantities: disc height, midline canal depth, slip.

    Canal stenosis is not graded; the canal depth is what there is. Lengths are in millimetres where
    the pixel spacing is known, else as ratios to the patient's own vertebrae.

    Args:
        levels: lumbar discs; leave out for all five.
        quantities: what to return; leave out for all.
    """
    report = _report(runtime)
    places, wanted = _levels(levels), list(dict.fromkeys(quantities or list(Quantity)))
    kinds = [kind for quantity in wanted for kind in KINDS_OF[quantity]]
    found = _chosen(report, places, kinds)
    what = c.MeasuresContent(
        levels=places,
        quantities=tuple(quantity.value for quantity in wanted),
        millimetres=any(f.unit == "mm" for f in found),
        findings=tuple(c.without_evidence(f) for f in found),
    )
    images = pictures.of_findings(runtime.context.session.study, found)[:1]
    return _result(what, Shown(f"{len(found)} measurements", images, _ids(found)))


@tool(response_format="content_and_artifact", parse_docstring=True)
def show_image(
    runtime: Runtime, level: Disc | None = None, sequence: Weighting | None = None
) -> Result:
    """Show the user a slice of the study, with a level marked if one is named.

    Args:
        level: the disc to mark.
        sequence: the weighting of the series to show.
    """
    session = runtime.context.session
    reading = session.look(progress=_progress(runtime))
    discs = [o for o in reading.observations if o.kind == "disc"]
    weighting = sequence.value if sequence else None
    image = pictures.of_level(
        reading.study, discs, level=level.value if level else None, sequence=weighting
    )
    if image is None and level is not None:
        raise LevelError(
            f"{level.value} was not found on {weighting.upper() if weighting else 'any'} images.",
            "Name another level or another sequence.",
        )
    if image is None:
        fitting = [
            s for s in reading.study.series if not weighting or s.sequence.value == weighting
        ]
        if not fitting:
            raise InputError(
                f"The study has no {str(weighting).upper()} series.", "Ask for another sequence."
            )
        series = fitting[0]
        middle = reading.eligibility.mid_slices.get(series.key, series.slices // 2)
        image = pictures.plain(reading.study, series.key, middle)
    shown = reading.study.one(image.series)
    what = c.ImageContent(
        level=image.level,
        series=image.series,
        sequence=shown.sequence.value,
        slice_number=image.slice_index + 1,
        slices=shown.slices,
    )
    return _result(what, Shown(image.caption, (image,)))


ReportTool = Literal[
    "draft_report",
    "restyle",
    "shorten_impression",
    "remove_sentences",
    "shift_numbering",
    "confirm_change",
    "undo",
]


def _written(name: ReportTool, change: str, report: Report, *, changed: bool = True) -> Result:
    what = c.ReportContent(
        tool=name,
        change=change,
        style=report.style,
        changed=changed,
        findings=tuple(s.text for s in report.section("findings")),
        impression=tuple(s.text for s in report.section("impression")),
    )
    ids = tuple(dict.fromkeys(i for s in report.section("impression") for i in s.findings))
    return _result(what, Shown(change, findings=ids))


@tool(response_format="content_and_artifact", parse_docstring=True)
def draft_report(runtime: Runtime, style: Style | None = None) -> Result:
    """Write the draft report, or return it if it was written, with its impression.

    Args:
        style: concise for a short report; leave out to keep the present style.
    """
    session = runtime.context.session
    before = session.report
    report = session.draft(_progress(runtime), style=style.value if style else None)
    change = "The draft report is written." if before is not report else "The report as it stands."
    return _written("draft_report", change, report, changed=before is not report)


@tool(response_format="content_and_artifact", parse_docstring=True)
def restyle(runtime: Runtime, style: Style) -> Result:
    """Word the report anew: concise makes it shorter, standard brings the full wording back.

    Args:
        style: the style wanted.
    """
    session = runtime.context.session
    if _report(runtime).style == style.value:
        change = f"The report is in the {style.value} style already."
        return _written("restyle", change, session.draft(), changed=False)
    report = session.restyle(style.value)
    return _written("restyle", f"The report is now in the {style.value} style.", report)


@tool(response_format="content_and_artifact", parse_docstring=True)
def shorten_impression(runtime: Runtime) -> Result:
    """Make the impression of the report shorter and leave the rest as it is."""
    session = runtime.context.session
    before = _report(runtime)
    texts = [s.text for s in before.section("impression")]
    if before.style != "standard":
        change = "The impression has its short form already."
        return _written("shorten_impression", change, before, changed=False)
    report = session.restyle("short_impression")
    if [s.text for s in report.section("impression")] == texts:
        change = "The impression can't be made shorter without leaving a finding out."
        return _written("shorten_impression", change, report, changed=False)
    return _written("shorten_impression", "The impression is shorter now.", report)


@tool(response_format="content_and_artifact", parse_docstring=True)
def remove_sentences(runtime: Runtime, level: Disc) -> Result:
    """Leave what is said of one level out of the report; the limitations will say so.

    Args:
        level: the disc.
    """
    _report(runtime)
    report = runtime.context.session.drop_sentences(level.value)
    return _written(
        "remove_sentences", f"The sentences on {level.value} are out of the report.", report
    )


@tool(response_format="content_and_artifact", parse_docstring=True)
def shift_numbering(runtime: Runtime, by: int) -> Result:
    """Move the numbering of the levels and grade and write everything anew.

    Args:
        by: levels by which every name moves up; 1 turns L5-S1 into L4-L5, -1 turns L4-L5 into
            L5-S1.
    """
    _report(runtime)
    if not -3 <= by <= 3:
        raise LevelError(f"A shift by {by} leaves the lumbar spine.", "Shift by 3 at most.")
    report = runtime.context.session.shift(by, progress=_progress(runtime))
    many = "level" if abs(by) == 1 else "levels"
    change = f"The numbering moved {'up' if by > 0 else 'down'} by {abs(by)} {many}."
    return _written("shift_numbering", change, report)


@tool(response_format="content_and_artifact", parse_docstring=True)
def set_grade(runtime: Runtime, level: Disc, kind: Graded, value: str) -> Result:
    """Prepare a change of one grade to the reader's own; it waits for the reader's yes.

    Args:
        level: the disc.
        kind: what is graded.
        value: a Pfirrmann grade 1 to 5, a Modic type 0 to 3, or present or absent.
    """
    session = runtime.context.session
    here = _chosen(_report(runtime), [level.value], [kind.value])
    facts = KINDS[kind.value]
    allowed = {str(v): v for v in facts.values}
    if value not in allowed:
        raise CheckFailedError(
            f"'{value[:20]}' is not a value of {facts.title}.", f"Use one of: {', '.join(allowed)}."
        )
    if not here:
        raise LevelError(
            f"The report has no {facts.title} at {level.value}.", "Name another level."
        )
    change = SetGrade(level.value, kind.value, allowed[value])
    session.pending = Pending(change, session.turn)
    what = c.PendingContent(
        level=level.value,
        kind=kind.value,
        title=facts.title,
        now=_value(here[0]),
        wanted=value,
    )
    return _result(what, Shown("waits for a yes", findings=_ids(here)))


def _value(finding: Finding) -> str:
    if finding.status == "value":
        return str(finding.value)
    return "indeterminate" if finding.status == "indeterminate" else "not assessed"


@tool(response_format="content_and_artifact", parse_docstring=True)
def confirm_change(runtime: Runtime, accept: bool) -> Result:
    """Carry out or drop the change that waits, after the reader has answered.

    Args:
        accept: whether the reader said yes.
    """
    session = runtime.context.session
    pending = session.pending
    if pending is None:
        raise InputError("No change waits for a yes.", "Say which grade to change, and to what.")
    change = pending.edit
    if not accept:
        session.pending = None
        here = _chosen(session.draft(), [change.level], [change.kind])
        what = c.DismissedContent(
            level=change.level,
            kind=change.kind,
            title=KINDS[change.kind].title,
            now=_value(here[0]) if here else "not assessed",
        )
        return _result(what, Shown("nothing changed"))
    if pending.turn >= session.turn:
        raise InputError(
            "The reader has not answered yet.", "Ask for a yes and wait for the next message."
        )
    report = session.set_grade(change.level, change.kind, change.value)
    title = KINDS[change.kind].title
    shown = answers.value(change.kind, str(change.value))
    said = f"At {change.level}, {title} is now {shown}, marked as set by the reader."
    return _written("confirm_change", said, report)


@tool(response_format="content_and_artifact", parse_docstring=True)
def undo(runtime: Runtime) -> Result:
    """Take the last change of the report back."""
    session = runtime.context.session
    undone = session.undo()
    return _written("undo", f"Taken back: {undone}.", session.draft())


@tool(response_format="content_and_artifact", parse_docstring=True)
def explain(runtime: Runtime, level: Disc, kind: Graded | None = None) -> Result:
    """Give the probabilities and the evidence behind the grades of one level.

    Args:
        level: the disc.
        kind: what is graded; leave out for all.
    """
    session = runtime.context.session
    wanted = (kind.value,) if kind else GRADED
    found = _chosen(_report(runtime), [level.value], wanted)
    reading = session.look()
    reasons: list[c.Reason] = []
    for finding in found:
        seen = [
            o
            for o in reading.observations
            if (o.level, o.kind, o.side) == (finding.level, finding.kind, finding.side)
        ]
        places = {(e.series, e.slice_index): e for e in finding.evidence}
        reasons.append(
            c.Reason(
                finding=c.without_evidence(finding),
                title=KINDS[finding.kind].title,
                probabilities=seen[0].probabilities if seen else {},
                seen_by=f"{seen[0].tool} {seen[0].tool_version}" if seen else "",
                places=tuple(
                    c.Place(
                        series=key,
                        sequence=reading.study.one(key).sequence.value,
                        slice_number=index + 1,
                    )
                    for key, index in places
                ),
            )
        )
    if not reasons:
        raise LevelError(f"The report says nothing of {level.value}.", "Name another level.")
    images = pictures.of_findings(reading.study, found)
    what = c.ReasonsContent(level=level.value, reasons=tuple(reasons))
    return _result(what, Shown(_count(found), images, _ids(found)))


@tool(response_format="content_and_artifact", parse_docstring=True)
def about(runtime: Runtime) -> Result:
    """Say what this program can and can't do."""
    what = c.AboutContent(
        language_model=runtime.context.session.llm.split("@")[0],
        graded=tuple(KINDS[kind].title for kind in GRADED),
        measured=("disc height", "midline canal depth", "slip"),
        not_assessed=NOT_ASSESSED,
    )
    return _result(what, Shown("what I can do"))


TOOLS: tuple[BaseTool, ...] = (
    describe_study,
    find_levels,
    get_findings,
    measure,
    show_image,
    draft_report,
    restyle,
    shorten_impression,
    remove_sentences,
    shift_numbering,
    set_grade,
    confirm_change,
    undo,
    explain,
    about,
)
"""Every tool of the agent."""

TITLES: dict[str, str] = {
    "describe_study": "Looking at what the study is",
    "find_levels": "Listing the levels",
    "get_findings": "Looking up findings",
    "measure": "Looking up measurements",
    "show_image": "Opening an image",
    "draft_report": "Drafting the report",
    "restyle": "Rewording the report",
    "shorten_impression": "Shortening the impression",
    "remove_sentences": "Taking a level out of the report",
    "shift_numbering": "Moving the numbering",
    "set_grade": "Preparing a change",
    "confirm_change": "Changing a grade",
    "undo": "Taking a change back",
    "explain": "Looking up the evidence",
    "about": "Listing what I can do",
}
"""What a door shows while a tool runs."""
