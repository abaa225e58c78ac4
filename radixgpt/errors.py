"""The one family of errors: every message says what was wrong and what mends it."""

from __future__ import annotations


class RadixError(Exception):
    """Base of all errors that a user of RadiXGPT may meet.

    Args:
        problem: what was wrong, one sentence without a patient's data or a machine's path.
        mend: what the user can do about it, one sentence.
    """

    code = "error"

    def __init__(self, problem: str, mend: str) -> None:
        super().__init__(f"{problem} {mend}")
        self.problem = problem
        self.mend = mend


class InputError(RadixError):
    """What was handed over can't be used as a study."""

    code = "input"


class UnreadableError(InputError):
    """A file that is not an image or a DICOM object, or is damaged."""

    code = "unreadable"


class UnsafeInputError(InputError):
    """An input that would harm the machine: a bomb, a link out of the archive, a lying header."""

    code = "unsafe"


class MixedPatientsError(InputError):
    """Objects of more than one patient in what was given as one study."""

    code = "mixed-patients"


class RejectedObjectError(InputError):
    """One object that is left out of a study; the reading of the others goes on.

    Args:
        reason: reason code of the quarantine list, such as ``truncated-pixels``.
        problem: what was wrong.
        mend: what mends it.
    """

    code = "rejected-object"

    def __init__(self, reason: str, problem: str, mend: str) -> None:
        super().__init__(problem, mend)
        self.reason = reason


class NotEligibleError(RadixError):
    """The study was read, but the asked-for tool must not grade it.

    Args:
        reason: the reason code of ``tools.triage`` (for instance ``not-lumbar``).
        problem: what was wrong.
        mend: what mends it.
    """

    code = "not-eligible"

    def __init__(self, reason: str, problem: str, mend: str) -> None:
        super().__init__(problem, mend)
        self.reason = reason


class LevelError(RadixError):
    """A level that does not exist or is not in the image."""

    code = "level"


class CaseError(RadixError):
    """Cases, or a table or folder that cases are made from, that can't be used."""

    code = "cases"


class RefusedError(CaseError):
    """One file or row that no case is made from; the mapping of the others goes on.

    Args:
        problem: what was wrong, without what the row says of a patient.
        mend: what mends it.
        row: row of the table, the header being row 1; None where a whole file is meant.
    """

    def __init__(self, problem: str, mend: str, *, row: int | None = None) -> None:
        super().__init__(problem, mend)
        self.row = row


class CorpusError(RadixError):
    """An index of cases that is missing, damaged, busy, or made with another encoder."""

    code = "corpus"


class GatherError(RadixError):
    """A source that can't be reached, or whose files aren't what they should be."""

    code = "gather"


class SendError(RadixError):
    """Objects that a PACS did not take."""

    code = "send"


class MissingPackageError(RadixError):
    """An optional package that is needed for this and is not installed."""

    code = "missing-package"


class WeightsError(RadixError):
    """Weights that are missing, damaged or do not fit their card."""

    code = "weights"


class SettingsError(RadixError):
    """A setting that is unknown or has a value that can't be used."""

    code = "settings"


class CheckFailedError(RadixError):
    """A report that its own checks refuse."""

    code = "check-failed"


class AuditError(RadixError):
    """A record of a run that is damaged, or a run that can't be made again as it was."""

    code = "audit"


class LanguageModelError(RadixError):
    """The configured language model is missing, unreachable or can't call tools."""

    code = "language-model"


class CaptionerError(RadixError):
    """The configured captioner is missing, unreachable, or answers with nothing usable."""

    code = "captioner"


class ConsentError(RadixError):
    """Pixels, objects or a conversation would leave this machine, and nobody allowed it."""

    code = "consent"


class StoppedError(RadixError):
    """The person wanted it to end."""

    code = "stopped"

    def __init__(
        self, problem: str = "Stopped.", mend: str = "Ask again, or ask for something else."
    ) -> None:
        super().__init__(problem, mend)
