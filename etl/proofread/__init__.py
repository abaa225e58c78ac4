"""Reads a report that a person typed as a careful colleague would, and names what does not fit.

Each rule has a name, a severity and the sentences it is about. An ``error`` can't be right as it
stands (two sides for one finding, an "unchanged" without a prior); a ``warning`` should be looked
at. The rules read words, not images: what they find is a slip of the text, and a text without
remarks is not for that reason true. How far the reader of texts can be trusted stands in
``docs/reference/report-language.md``.
"""

from __future__ import annotations

from etl.proofread.rules import NAMES, RULES
from etl.proofread.text import Modality, Remark, Sex, read_typed
from radixgpt.report import Severity

__all__ = ["NAMES", "RULES", "Modality", "Remark", "Severity", "Sex", "proofread"]


def proofread(
    text: str,
    *,
    sex: Sex | None = None,
    modality: Modality | None = None,
    prior: bool | None = None,
) -> tuple[Remark, ...]:
    """Every remark on a report, errors first.

    Args:
        text: the whole report, with its headings.
        sex: of the patient, where it is known; else what the text says.
        modality: ``MR``, ``CT`` or ``XR``, where it is known; else what the exam says.
        prior: whether there is a prior study; else what the comparison says.
    """
    whole = read_typed(text, sex, modality, prior)
    remarks = dict.fromkeys(remark for rule in RULES for remark in rule(whole))
    return tuple(sorted(remarks, key=lambda remark: remark.severity != "error"))
