"""Write a caption: show the pictures, check what comes back, keep what is supported."""

from __future__ import annotations

import time
from collections.abc import Iterable

from radixgpt.consent import Consents
from radixgpt.eligibility import REASONS, Eligibility
from radixgpt.errors import NotEligibleError
from radixgpt.observation import Observation
from radixgpt.study import Study
from tools.captioner.backends import Captioner, Chosen, Wanted, load
from tools.captioner.caption import Caption, Refused, Scope, Style
from tools.captioner.checking import Checked, check, scoped
from tools.captioner.pictures import gather
from tools.captioner.support import Support, support
from tools.captioner.wording import in_report_words

TRIES = 2
"""How often a model may write again when sentences of it fail the check."""


def caption(
    study: Study,
    eligibility: Eligibility,
    observations: Iterable[Observation],
    scope: Scope | None = None,
    *,
    style: Style = "standard",
    captioner: Captioner | Chosen | None = None,
    consents: Consents | None = None,
    seed: int = 0,
) -> Caption:
    """Caption a study, a series, an image or a disc.

    Args:
        study: after triage.
        eligibility: which series and slices the tools looked at.
        observations: what they saw; nothing is stated that none of them has a value for.
        scope: what the caption is about; the whole study if None.
        style: how it is worded.
        captioner: the model, or which; the embedded one if None.
        consents: what a person allowed; without, no picture leaves this machine.
        seed: of whatever is drawn.

    Raises:
        NotEligibleError: no tool looked at the study, so nothing may be said of it.
        InputError: the scope names what the study has not.
        SettingsError: there is no such captioner.
        ConsentError: the pictures would leave this machine, and nobody allowed that.
        WeightsError: weights are missing or damaged.
    """
    begun = time.perf_counter()
    if not eligibility.read:
        reason = eligibility.reason or "not-an-image"
        raise NotEligibleError(
            reason, REASONS[reason], "Captions are written of lumbar MR and spine radiographs."
        )
    wanted_scope = (scope or Scope()).require()
    seen = tuple(observations)
    may = support(study, eligibility, seen, wanted_scope)
    pictures = gather(study, eligibility, seen, wanted_scope)
    chosen = captioner if captioner is not None else Chosen()
    model = load(chosen) if isinstance(chosen, Chosen) else chosen
    allowed = (consents or Consents()).require(study.key, model.url) if model.url else None
    shown = scoped(study, may)
    best: Checked | None = None
    refused: tuple[Refused, ...] = ()
    for attempt in range(TRIES):
        wanted = Wanted(wanted_scope, style, may, refused, seed + attempt, allowed)
        found = check(model.describe(pictures, wanted), may, shown)
        if best is None or len(found.statements) > len(best.statements):
            best = found
        refused = found.refused
        if not refused:
            break
    assert best is not None
    unsaid = may.unsaid(name for one in best.statements for name in one.observations)
    return Caption(
        scope=wanted_scope,
        style=style,
        text=in_report_words(best.text),
        written=best.text,
        complete=not unsaid,
        silence="" if best.statements else _silence(best, may),
        statements=best.statements,
        left_out=may.left_out,
        unsaid=unsaid,
        refused=best.refused,
        models=model.facts(),
        seconds=round(time.perf_counter() - begun, 3),
    )


_REASONS = 3
"""Reasons that are told where nothing is said."""


def _silence(found: Checked, may: Support) -> str:
    """Why a caption states no finding, the first cause before what follows from it."""
    if not may.facts:
        what, reasons = "no tool is certain of anything here", [one.reason for one in may.left_out]
    elif found.refused:
        many = len(found.refused)
        what = "its one sentence" if many == 1 else f"each of its {many} sentences"
        what = f"the captioner wrote what can't be confirmed, so that {what} was left out"
        reasons = [one.reason for one in found.refused]
    else:
        return "the captioner stated none" if found.text else "the captioner wrote no sentence"
    told = list(dict.fromkeys(reasons))
    more = f"; and {len(told) - _REASONS} reasons more" if len(told) > _REASONS else ""
    return f"{what}: {'; '.join(told[:_REASONS])}{more}" if told else what
