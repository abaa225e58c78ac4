"""Why an object is left out: the reason codes of the quarantine list."""

from __future__ import annotations

from radixgpt.errors import InputError, RejectedObjectError, UnreadableError, UnsafeInputError

_EXPORT = "Export it again from its source."
_ALONE = "Give the images themselves."

REASONS: dict[str, tuple[str, str]] = {
    "empty": ("The object is empty.", _EXPORT),
    "unknown-format": ("It is neither DICOM, NIfTI, PNG nor JPEG.", _ALONE),
    "html": ("It is a web page, not an image.", "Download the image itself."),
    "gzip": ("It is a compressed file that holds no NIfTI volume.", "Unpack it first."),
    "nifti-2": ("It is a NIfTI-2 volume.", "Save it as NIfTI-1."),
    "nested-archive": ("It is an archive within the input.", "Unpack it first."),
    "encrypted": ("It is encrypted.", "Give it without a password."),
    "unsupported-compression": ("The archive packs it in an unknown way.", "Use a plain zip."),
    "unsafe-path": ("Its name points out of the archive.", "Pack the archive again."),
    "link": ("It is a link that leads out of the folder.", "Give the file itself."),
    "special-file": ("It is not a regular file.", "Give regular files only."),
    "not-readable": ("The file can't be opened.", "Check its permissions."),
    "too-large": ("It is larger than anything that is read.", "Give the spine series alone."),
    "bomb": ("It unpacks to far more than it may.", "Give it unpacked, from a source you trust."),
    "no-preamble": (
        "It looks like DICOM but lacks the preamble of a DICOM file.",
        "Save it as a DICOM file, or read it with force.",
    ),
    "no-transfer-syntax": ("The header does not say how it is encoded.", _EXPORT),
    "unsupported-transfer-syntax": (
        "It is encoded in a way that is not read.",
        "Export it uncompressed.",
    ),
    "damaged": ("The header is damaged.", _EXPORT),
    "impossible-length": ("An element claims to be longer than the file.", _EXPORT),
    "nested-too-deep": ("Its sequences are nested too deep.", _EXPORT),
    "index": ("It is a DICOMDIR, an index of other files.", "Nothing needs to be done."),
    "not-an-image": ("It holds no image but a report, a state or a plan.", _ALONE),
    "no-pixels": ("It holds no pixels.", _EXPORT),
    "unsupported-pixels": ("Its pixels are of a kind that is not read.", "Export it as greyscale."),
    "lying-header": ("The header's image size does not fit its pixels.", _EXPORT),
    "truncated-pixels": ("Its pixels are cut off.", _EXPORT),
    "decode-failed": ("Its compressed pixels can't be decoded.", "Export it uncompressed."),
    "decode-limit": (
        "Decoding its pixels took too much time or memory.",
        "Export it uncompressed.",
    ),
    "unsupported-dimensions": ("Its dimensions are not those of slices or volumes.", _ALONE),
    "other-study": (
        "It belongs to another examination of the same patient.",
        "Give each examination by itself.",
    ),
    "not-dicom": ("It is an image but no DICOM object.", "Give DICOM objects."),
    "no-identity": (
        "It does not say which object, series and study it is.",
        _EXPORT,
    ),
    "burned-in": (
        "It says, or looks as if, text is burned into its pixels, which is not removed.",
        "Look at it; if no text tells who it is, pass it with --allow-burned-in.",
    ),
    "identifier-left": (
        "An identifier of its header would still have been in the output.",
        "Look at it with a DICOM viewer; it was not written.",
    ),
    "conflict": (
        "Another object with the same identifier and other content is there already.",
        "Find out which of the two is right, and de-identify it into a new folder.",
    ),
}
"""Reason code to what was wrong and what mends it."""

UNSAFE = frozenset(
    {"bomb", "unsafe-path", "link", "special-file", "too-large", "lying-header"}
    | {"impossible-length", "nested-too-deep", "decode-limit"}
)
"""Reasons that end in ``UnsafeInputError`` where nothing else can be read."""

NOT_DAMAGED = frozenset({"not-an-image", "index"})
"""Reasons of objects that are sound but are no images."""


def rejected(reason: str) -> RejectedObjectError:
    """The error that sends one object to the quarantine list."""
    problem, mend = REASONS[reason]
    return RejectedObjectError(reason, problem, mend)


def nothing_usable(reasons: list[str]) -> InputError:
    """The error for an input of which no object could be read.

    Args:
        reasons: reason code of every object that was left out, at least one.
    """
    if len(set(reasons)) == 1:
        problem, mend = REASONS[reasons[0]]
        if len(reasons) > 1:
            problem = f"None of the {len(reasons)} objects can be read. {problem}"
    else:
        listed = ", ".join(f"{reasons.count(r)} {r}" for r in sorted(set(reasons)))
        problem = f"None of the {len(reasons)} objects can be read as an image ({listed})."
        mend = "Give DICOM, NIfTI, PNG or JPEG images."
    if UNSAFE.intersection(reasons):
        return UnsafeInputError(problem, mend)
    if NOT_DAMAGED.issuperset(reasons):
        return InputError(problem, mend)
    return UnreadableError(problem, mend)
