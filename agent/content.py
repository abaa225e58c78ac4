"""What each tool returns to the language model: typed, without pixels, paths or identifiers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from radixgpt.finding import Finding
from radixgpt.report import DRAFT_MARK

_OPEN, _CLOSE = "<tool_data>", "</tool_data>"


class _Content(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SeriesContent(_Content):
    """One series of the study; ``slices`` counts its slices."""

    series: str
    modality: str
    plane: str
    sequence: str
    slices: int
    millimetres: bool
    view: str = Field(default="unknown", description="View of a radiograph")
    quality: str = Field(default="", description="What limits the images; empty if nothing does")


class StudyContent(_Content):
    """What the study is."""

    tool: Literal["describe_study"] = "describe_study"
    modality: str
    region: str
    gradable: bool
    reason: str = Field(description="Why it is not gradable; empty if it is")
    radiographs: tuple[str, ...] = Field(
        default=(), description="Series that are read as radiographs of the spine"
    )
    synthetic: bool
    series: tuple[SeriesContent, ...]
    left_out: int = Field(description="Number of objects that could not be read")
    warnings: tuple[str, ...] = ()


class LevelsContent(_Content):
    """Which discs were found, from head to tail, and how they were numbered."""

    tool: Literal["find_levels"] = "find_levels"
    discs: tuple[str, ...]
    vertebrae: tuple[str, ...]
    numbering_basis: str
    level_shift: int


class FindingsContent(_Content):
    """Findings as asked for; those of ``which`` = worst are of the worst levels only."""

    tool: Literal["get_findings"] = "get_findings"
    levels: tuple[str, ...]
    kinds: tuple[str, ...] = Field(description="Empty for all kinds")
    which: Literal["all", "abnormal", "worst"]
    findings: tuple[Finding, ...]


class MeasuresContent(_Content):
    """Measured quantities as asked for."""

    tool: Literal["measure"] = "measure"
    levels: tuple[str, ...]
    quantities: tuple[str, ...]
    millimetres: bool = Field(description="Whether lengths are known, or ratios only")
    findings: tuple[Finding, ...]


class ImageContent(_Content):
    """Which image the user now sees; its pixels are not given here."""

    tool: Literal["show_image"] = "show_image"
    level: str | None
    series: str
    sequence: str
    slice_number: int = Field(description="Counted from 1")
    slices: int
    view: str = Field(default="", description="View of a radiograph; empty for other images")


class ReportContent(_Content):
    """The report after it was written or changed; ``change`` says what was done."""

    tool: Literal[
        "draft_report",
        "restyle",
        "shorten_impression",
        "remove_sentences",
        "restore_sentences",
        "shift_numbering",
        "confirm_change",
        "undo",
    ]
    change: str
    style: str
    changed: bool
    findings: tuple[str, ...] = Field(description="The sentences of the findings section")
    impression: tuple[str, ...] = Field(description="The sentences of the impression")


class PendingContent(_Content):
    """A change of a grade or a length that waits for the user's yes."""

    tool: Literal["set_grade", "set_measure"] = "set_grade"
    level: str
    kind: str
    title: str
    now: str
    wanted: str


class Place(_Content):
    """A slice on which a statement rests."""

    series: str
    sequence: str
    slice_number: int


class Reason(_Content):
    """Why one finding says what it says."""

    finding: Finding
    title: str
    probabilities: dict[str, float]
    seen_by: str
    places: tuple[Place, ...]


class ReasonsContent(_Content):
    """Probabilities and evidence at one level, or on radiographs, which have no levels."""

    tool: Literal["explain"] = "explain"
    level: str | None
    reasons: tuple[Reason, ...]


class AboutContent(_Content):
    """What the program can do, what it can't, and which language model leads the chat."""

    tool: Literal["about"] = "about"
    language_model: str
    graded: tuple[str, ...]
    measured: tuple[str, ...]
    not_assessed: tuple[str, ...]
    models: tuple[str, ...] = Field(description="Models that looked at the study, with versions")


class ChangesContent(_Content):
    """What the reader has changed; ``aside`` waits for another numbering."""

    tool: Literal["list_changes"] = "list_changes"
    changes: tuple[str, ...]
    aside: tuple[str, ...]
    style: str
    level_shift: int
    undoable: int = Field(description="How many changes can be taken back")


class StatementContent(_Content):
    """One statement of a caption; ``stated`` and ``seen`` are in the program's own words."""

    about: str
    level: str | None
    stated: str
    answer: Literal["agree", "contradict", "cannot_tell"]
    seen: str
    reason: str


class CaptionContent(_Content):
    """Whether a caption fits the study; the caption itself is not given back."""

    tool: Literal["check_caption"] = "check_caption"
    verdict: Literal["fits", "fits_in_part", "does_not_fit", "cannot_tell"]
    score: float | None
    modality: str
    regions: tuple[str, ...]
    planes: tuple[str, ...]
    sequences: tuple[str, ...]
    statements: tuple[StatementContent, ...]
    reasons: tuple[str, ...]


class ConceptContent(_Content):
    """One concept; ``cui`` is empty where none was confirmed, ``score`` null where not assessed."""

    cui: str
    meaning: str
    group: str
    score: float | None
    threshold: float | None
    level: str | None
    calibrated: bool


class ConceptsContent(_Content):
    """The concepts of the study, the surest first; those that no tool detects are counted."""

    tool: Literal["detect_concepts"] = "detect_concepts"
    present: tuple[ConceptContent, ...]
    absent: tuple[ConceptContent, ...]
    not_assessed: tuple[ConceptContent, ...]
    not_detectable: int


class SimilarCaseContent(_Content):
    """Another patient's case in the program's own words; its text is shown to the user alone."""

    number: int
    alike: str
    shared: tuple[str, ...]
    differing: tuple[str, ...]
    unstated: tuple[str, ...]


class SimilarContent(_Content):
    """Other patients' cases, the most alike first; nothing of them is true of this study."""

    tool: Literal["find_similar_cases"] = "find_similar_cases"
    asked: Literal["study", "level", "description"]
    level: str | None
    searched: int = Field(description="Cases in the index")
    own: str = Field(default="", description="That cases of the study's own patient are left out")
    notes: tuple[str, ...] = Field(default=(), description="What can't be followed of a question")
    generated: bool = Field(description="Whether a shown text was generated from gradings")
    cases: tuple[SimilarCaseContent, ...]


class ComparisonContent(_Content):
    """What has changed since the prior study, in the report's own sentences."""

    tool: Literal["compare_prior"] = "compare_prior"
    comparison: tuple[str, ...] = Field(description="What the prior study is")
    changed: tuple[str, ...] = Field(description="What has changed by level, and what has not")
    impression: tuple[str, ...]


class CaptionedContent(_Content):
    """A caption of the images; it is shown to the user as it is, and not to be worded again."""

    tool: Literal["caption_image"] = "caption_image"
    of: Literal["study", "series", "image", "disc"]
    level: str | None
    sequence: str = Field(description="Weighting of an image; empty for a disc or a study")
    text: str = Field(description="Empty where nothing may be said")
    silence: str = Field(default="", description="Why no finding is stated")
    mark: str = Field(default=DRAFT_MARK, description="Shown with the text")
    statements: int = Field(description="Each was led back to an observation")
    not_stated: tuple[str, ...] = Field(description="What is not known, in words, with reasons")
    unsaid: tuple[str, ...] = Field(description="What was seen and the caption does not mention")
    model: str


class SendingContent(_Content):
    """Pictures would leave this machine, which waits for the user's yes, or was said no to."""

    tool: Literal["send_pictures"] = "send_pictures"
    question: str = Field(description="What the user is asked; empty after a no")


class ProposedContent(_Content):
    """A change that the user did not ask for in so many words, and that waits for their yes."""

    tool: Literal["proposed"] = "proposed"
    question: str = Field(description="What the user is asked; empty after a no")


class DismissedContent(_Content):
    """A waiting change was dropped."""

    tool: Literal["dismissed"] = "dismissed"
    level: str
    kind: str
    title: str
    now: str


class SyntheticContent(_Content):
    """Made-up images; the user sees them, and nothing in them is of the open study."""

    tool: Literal["make_synthetic_image"] = "make_synthetic_image"
    by: Literal["phantom", "rgan", "diffusion"]
    images: int
    study: bool = Field(default=False, description="Whether a whole DICOM study was made too")


class ErrorContent(_Content):
    """A tool could not do what it was asked; the sentences are for the user."""

    tool: Literal["error"] = "error"
    code: str
    problem: str
    mend: str


Content = Annotated[
    StudyContent
    | LevelsContent
    | FindingsContent
    | MeasuresContent
    | ImageContent
    | ReportContent
    | PendingContent
    | ReasonsContent
    | AboutContent
    | ChangesContent
    | CaptionContent
    | ConceptsContent
    | SimilarContent
    | ComparisonContent
    | CaptionedContent
    | SendingContent
    | SyntheticContent
    | ProposedContent
    | DismissedContent
    | ErrorContent,
    Field(discriminator="tool"),
]
_ANY: TypeAdapter[Content] = TypeAdapter(Content)


def to_text(content: Content) -> str:
    """A content as the model reads it: JSON between marks that say that it is data."""
    from prompts import Prompts

    # A closing mark within a value must not end the data.
    inner = content.model_dump_json().replace("<", "\\u003c")
    return Prompts("agent").render("tool_data", content=inner)


def from_text(text: str) -> Content | None:
    """The inverse of :func:`to_text`; None for a text that is no content."""
    inner = text.strip().removeprefix(_OPEN).removesuffix(_CLOSE).strip()
    try:
        return _ANY.validate_json(inner)
    except ValidationError:
        return None


def without_evidence(finding: Finding) -> Finding:
    """A finding as the model sees it; the evidence goes to the user as an image."""
    return finding.model_copy(update={"evidence": ()})
