"""The tools that look something up and change nothing."""

# ruff: noqa: D417 (the runtime is injected and no part of a tool's description)

from __future__ import annotations

from collections.abc import Sequence

from langchain.tools import tool

from agent import brains, pictures
from agent import content as c
from agent.arguments import (
    KINDS_OF,
    NOT_ASSESSED,
    Disc,
    Graded,
    Kind,
    Quantity,
    Result,
    Runtime,
    Shown,
    Unsaid,
    Weighting,
    Which,
    chosen,
    ids,
    levels_of,
    progress,
    report_of,
    result,
)
from agent.events import Image
from agent.pipeline import Reading
from radixgpt.eligibility import REASONS
from radixgpt.errors import InputError, LevelError
from radixgpt.finding import GRADED, KINDS, OF_RADIOGRAPHS, Finding
from radixgpt.level import order
from radixgpt.report import Report


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


@tool(response_format="content_and_artifact", parse_docstring=True)
def describe_study(runtime: Runtime) -> Result:
    """Say what the open study is: modality, region, series, and whether it can be graded."""
    session = runtime.context.session
    reading = session.look(progress=progress(runtime))
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
            view=s.view.value,
            quality=s.quality.words if s.quality else "",
        )
        for s in study.series
    )
    what = c.StudyContent(
        modality=graded[0].modality.value if graded else "unknown",
        region=graded[0].region.value if graded else "unknown",
        gradable=eligibility.gradable,
        reason=REASONS[eligibility.reason] if eligibility.reason else "",
        radiographs=eligibility.radiographs,
        synthetic=study.synthetic,
        series=series,
        left_out=len(study.quarantine),
        warnings=study.warnings,
    )
    verdict = "can be graded" if eligibility.gradable else "can't be graded"
    if eligibility.radiographs:
        verdict = "read as radiographs"
    return result(what, Shown(f"{len(series)} series, {verdict}"))


@tool(response_format="content_and_artifact", parse_docstring=True)
def find_levels(runtime: Runtime) -> Result:
    """Say which discs and vertebrae were found and how the levels were numbered."""
    session = runtime.context.session
    report = report_of(runtime)
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
    return result(what, Shown(f"{len(discs)} discs", (image,) if image else ()))


@tool(response_format="content_and_artifact", parse_docstring=True)
def get_findings(
    runtime: Runtime,
    levels: list[Disc] | Unsaid = None,
    kinds: list[Kind] | Unsaid = None,
    which: Which = "all",
) -> Result:
    """Return the graded findings of the study, or those of radiographs, which have no levels.

    Args:
        levels: lumbar discs; leave out for all five.
        kinds: kinds of finding; leave out for all.
        which: abnormal for those beyond Pfirrmann II, Modic 0 and absent only; worst for the level
            with the highest Pfirrmann grade, then the most findings present.
    """
    from etl.check import normal_value

    report = report_of(runtime, radiographs=True)
    places, wanted = levels_of(levels), tuple(str(kind) for kind in kinds or ())
    films = report.study.radiographs
    if films:
        places = ()
    found = chosen(report, places, wanted or (FILM_KINDS if films else GRADED))
    if films and wanted:
        sizes = [SIZES[kind] for kind in wanted if kind in SIZES]
        found = chosen(report, places, (*wanted, *sizes))
    if which == "worst" and not films:
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
    images = _images(runtime, stated)
    return result(what, Shown(_count(found), images, ids(found)))


def _measured_on_film(runtime: Runtime, report: Report, wanted: Sequence[Quantity]) -> Result:
    """The slip with its size, which is all of these that a film measures."""
    kinds = ("spondylolisthesis",) if Quantity.SLIP in wanted else ()
    found = chosen(report, (), (*kinds, *(SIZES[kind] for kind in kinds)))
    what = c.FindingsContent(
        levels=(), kinds=kinds, which="all", findings=tuple(c.without_evidence(f) for f in found)
    )
    return result(what, Shown(_count(found), _images(runtime, found) if found else (), ids(found)))


SIZES = {"scoliosis": "curve_angle", "spondylolisthesis": "slip_ratio"}
"""What gives the size of a finding on a film."""
FILM_KINDS = (*OF_RADIOGRAPHS, *SIZES.values())


def _images(runtime: Runtime, found: Sequence[Finding]) -> tuple[Image, ...]:
    """The images that show these findings."""
    reading = runtime.context.session.look()
    films = reading.eligibility.radiographs
    if films:
        return pictures.of_films(reading.study, films, reading.observations)
    return pictures.of_findings(reading.study, found)


def _count(findings: tuple[Finding, ...]) -> str:
    return f"{len(findings)} finding{'' if len(findings) == 1 else 's'}"


@tool(response_format="content_and_artifact", parse_docstring=True)
def measure(
    runtime: Runtime,
    levels: list[Disc] | Unsaid = None,
    quantities: list[Quantity] | Unsaid = None,
) -> Result:
    """Return measured quantities: disc height, midline canal depth, slip.

    Canal stenosis is not graded; the canal depth is what there is. Lengths are in millimetres where
    the pixel spacing is known, else as ratios to the patient's own vertebrae.

    Args:
        levels: lumbar discs; leave out for all five.
        quantities: what to return; leave out for all.
    """
    report = report_of(runtime, radiographs=True)
    places, wanted = levels_of(levels), list(dict.fromkeys(quantities or list(Quantity)))
    if report.study.radiographs:
        return _measured_on_film(runtime, report, wanted)
    kinds = [kind for quantity in wanted for kind in KINDS_OF[quantity]]
    found = chosen(report, places, kinds)
    what = c.MeasuresContent(
        levels=places,
        quantities=tuple(quantity.value for quantity in wanted),
        millimetres=any(s.millimetres for s in report.study.series if s.shown_slice is not None),
        findings=tuple(c.without_evidence(f) for f in found),
    )
    images = pictures.of_findings(runtime.context.session.study, found)[:1]
    return result(what, Shown(f"{len(found)} measurements", images, ids(found)))


@tool(response_format="content_and_artifact", parse_docstring=True)
def show_image(
    runtime: Runtime, level: Disc | Unsaid = None, sequence: Weighting | Unsaid = None
) -> Result:
    """Show the user a slice of the study, with a level marked if one is named.

    Args:
        level: the disc to mark.
        sequence: the weighting of the series to show.
    """
    session = runtime.context.session
    reading = session.look(progress=progress(runtime))
    if reading.eligibility.radiographs:
        return _film(reading)
    discs = [o for o in reading.observations if o.kind == "disc"]
    weighting = sequence.value if sequence else None
    level = level if reading.eligibility.gradable else None  # nothing was found to be marked
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
    return result(what, Shown(image.caption, (image,)))


def _film(reading: Reading) -> Result:
    """The first radiograph, with where the tool looked."""
    images = pictures.of_films(reading.study, reading.eligibility.radiographs, reading.observations)
    shown = reading.study.one(images[0].series)
    what = c.ImageContent(
        level=None,
        series=shown.key,
        sequence=shown.sequence.value,
        slice_number=images[0].slice_index + 1,
        slices=shown.slices,
        view=shown.view.value,
    )
    return result(what, Shown(images[0].caption, images))


@tool(response_format="content_and_artifact", parse_docstring=True)
def explain(runtime: Runtime, level: Disc | Unsaid = None, kind: Graded | Unsaid = None) -> Result:
    """Give the probabilities and the evidence behind the grades of one level.

    Args:
        level: the disc; only radiographs do without.
        kind: what is graded; leave out for all.
    """
    session = runtime.context.session
    report = report_of(runtime, radiographs=True)
    films = bool(report.study.radiographs)
    if level is None and not films:
        raise LevelError("An explanation is of one level.", "Name a disc such as L4-L5.")
    wanted = (kind.value,) if kind else FILM_KINDS if films else GRADED
    found = chosen(report, [level.value] if level else [], wanted)
    place = None if films or level is None else level.value
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
        named = place or "that on radiographs"
        raise LevelError(f"The report says nothing of {named}.", "Ask for something else.")
    images = (_heat(reading, place, found) if place else ()) or _images(runtime, found)
    what = c.ReasonsContent(level=place, reasons=tuple(reasons))
    return result(what, Shown(_count(found), images, ids(found)))


def _heat(reading: Reading, level: str, found: tuple[Finding, ...]) -> tuple[Image, ...]:
    """Where the network looked for the gravest of these findings that it made itself."""
    own = [f for f in found if not f.set_by_reader and f.status != "not_assessable"]
    if not own:
        return ()

    def gravity(finding: Finding) -> tuple[bool, bool, float]:
        changed = finding.value == "present" or (
            finding.kind == "modic" and finding.value not in (0, None)
        )
        return changed, finding.kind == "pfirrmann", finding.confidence or 0.0

    shown = max(own, key=gravity)
    seen = next(
        (
            o
            for o in reading.observations
            if o.tool == "classifier" and (o.level, o.kind) == (level, shown.kind)
        ),
        None,
    )
    return pictures.of_heat(reading, seen, KINDS[seen.kind].title) if seen else ()


@tool(response_format="content_and_artifact", parse_docstring=True)
def about(runtime: Runtime) -> Result:
    """Say what this program can and can't do."""
    session = runtime.context.session
    what = c.AboutContent(
        language_model=brains.named(session.brain),
        graded=tuple(KINDS[kind].title for kind in GRADED),
        measured=("disc height", "midline canal depth", "slip"),
        not_assessed=NOT_ASSESSED,
        models=tuple(f"{m.name} {m.version}" for m in session.reading.models)
        if session.reading
        else (),
    )
    return result(what, Shown("what I can do"))
