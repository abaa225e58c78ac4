"""How it writes (step 9): extract, transform, load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from radixgpt.eligibility import Eligibility
    from radixgpt.observation import Observation
    from radixgpt.report import ModelFacts, Report
    from radixgpt.study import Study
    from radixgpt.style import Style


def draft(
    study: Study,
    eligibility: Eligibility,
    observations: Sequence[Observation],
    *,
    models: Sequence[ModelFacts],
    level_shift: int = 0,
    style: str | Style = "standard",
    language: str | None = None,
    clinical_information: str | None = None,
    seconds: float | None = None,
) -> Report:
    """A checked draft report of what the tools saw.

    Args:
        study: as triage left it, with the facts about its series.
        eligibility: what triage decided; a study that is not gradable gets a report that says so.
        observations: by all tools.
        models: the models that took part, for the provenance.
        level_shift: how many levels the numbering was moved upwards.
        style: a style, its name, or the path of its file.
        language: of the text; None for the style's own, else English.
        clinical_information: what the user says of the patient; what it asks is answered.
        seconds: wall time from call to report.

    Raises:
        CheckFailedError: the report does not agree with its findings.
        SettingsError: there is no such style or language.
    """
    import radixgpt
    from etl.asked import asked_in, with_items
    from etl.check import require
    from etl.compose import compose
    from etl.extract import extract
    from etl.phrases import Phrases
    from etl.styles import as_facts, in_language
    from etl.transform import transform
    from radixgpt.report import Provenance, Report

    style = in_language(style, language)
    extracted = extract(study, eligibility, observations, level_shift=level_shift)
    findings = transform(extracted.findings, eligibility, located=extracted.located)
    asked = asked_in(clinical_information or "")
    findings = with_items(findings, asked, extracted.facts)
    sentences = compose(
        extracted.facts,
        findings,
        style=style,
        clinical_information=clinical_information,
    )
    return require(
        Report(
            study=extracted.facts,
            findings=findings,
            structures=extracted.structures,
            sentences=sentences,
            mark=Phrases(style).word("mark", "draft"),
            **as_facts(style),
            provenance=Provenance(
                software="radixgpt",
                version=radixgpt.__version__,
                models=tuple(models),
                input_sha256=extracted.input_sha256,
                seconds=seconds,
            ),
        )
    )
