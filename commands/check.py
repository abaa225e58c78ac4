"""``radixgpt check``: a typed report proofread, or a written draft held against its rules again."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from commands.terminal import AsJson, echo_json, errors_as_exit_codes

if TYPE_CHECKING:
    from etl.proofread import Remark

_LARGEST = 1_000_000
_GRAVEST = ("error", "warning", "info")


def check(
    report: Annotated[
        Path | None,
        typer.Argument(
            metavar="REPORT",
            help="A typed report as text (- for standard input), or the report.json of a draft.",
            show_default=False,
            allow_dash=True,
        ),
    ] = None,
    sex: Annotated[
        Literal["female", "male"] | None,
        typer.Option(help="Of the patient; else what the text says.", show_default=False),
    ] = None,
    modality: Annotated[
        Literal["MR", "CT", "XR"] | None,
        typer.Option(help="Of the exam; else what the text says.", show_default=False),
    ] = None,
    prior: Annotated[
        bool | None,
        typer.Option(
            "--prior/--no-prior",
            help="Whether there is a prior study; else what the comparison says.",
            show_default=False,
        ),
    ] = None,
    rules: Annotated[
        bool, typer.Option("--rules", help="List the rules with their severities, and end.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Name what does not fit in a report, sentence by sentence.

    Sides, levels and grades that differ between findings and impression, contradictions, an
    "unchanged" without a prior study, organs of the other sex, what the modality does not show,
    levels that there are not, gaps of a template. Ends with 6 if there is an error. No image is
    looked at: a report without remarks is not for that reason true.
    """
    with errors_as_exit_codes(as_json):
        if rules:
            _list_rules(as_json)
            return
        if report is None:
            raise typer.BadParameter("name a report, or ask for --rules.", param_hint="REPORT")
        text = _text(report)
        if text.lstrip().startswith("{"):
            found = _draft(text)
        else:
            from etl.proofread import proofread

            found = [_plain(r) for r in proofread(text, sex=sex, modality=modality, prior=prior)]
        errors = sum(one["severity"] == "error" for one in found)
        warnings = sum(one["severity"] == "warning" for one in found)
        if as_json:
            echo_json({"errors": errors, "warnings": warnings, "remarks": found})
        else:
            for one in found:
                typer.echo(f"{one['severity']} {one['rule']}: {one['text']}")
                for sentence in one["sentences"]:
                    typer.echo(f"  | {' '.join(sentence.split())}")
            if not found:
                typer.echo("Nothing to remark in the text. No image was looked at.")
        if errors:
            raise typer.Exit(6)


def _list_rules(as_json: bool) -> None:
    """Every rule of drafts and of typed reports."""
    from etl.check import RULES
    from etl.proofread import NAMES

    listed = [
        {"of": "draft", "rule": r.name, "severity": r.severity, "asks": r.title}
        for r in RULES.values()
    ] + [
        {"of": "typed report", "rule": name, "severity": severity, "asks": title}
        for name, (severity, title) in NAMES.items()
    ]
    if as_json:
        echo_json({"rules": listed})
        return
    for one in listed:
        typer.echo(f"{one['of']:13} {one['severity']:8} {one['rule']}: {one['asks']}")


def _text(report: Path) -> str:
    from radixgpt.errors import InputError

    mend = "Give a report as a UTF-8 text file, or - for standard input."
    try:
        data = sys.stdin.buffer.read(_LARGEST + 1) if str(report) == "-" else _bytes(report)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"'{report.name}' can't be read.", mend) from error
    except UnicodeDecodeError as error:
        raise InputError(f"'{report.name}' is no text in UTF-8.", mend) from error
    if len(data) > _LARGEST:
        raise InputError(f"'{report.name}' is larger than a megabyte.", mend)
    if not text.strip():
        raise InputError(f"'{report.name}' is empty.", mend)
    return text


def _bytes(report: Path) -> bytes:
    with report.open("rb") as file:
        return file.read(_LARGEST + 1)


def _plain(remark: Remark) -> dict[str, Any]:
    return {
        "rule": remark.rule,
        "severity": remark.severity,
        "text": remark.text,
        "sentences": list(remark.sentences),
    }


def _draft(text: str) -> list[dict[str, Any]]:
    """What a draft breaks of the rules that it was written under."""
    from pydantic import ValidationError

    from etl.check import check as rules
    from radixgpt.errors import InputError
    from radixgpt.report import Report

    try:
        draft = Report.model_validate(json.loads(text))
    except (ValueError, ValidationError) as error:
        raise InputError(
            "This is no report.json of this version.",
            "Give the report.json that `radixgpt report` wrote, or a report as text.",
        ) from error
    return [
        {"rule": one.rule, "severity": one.severity, "text": one.detail, "sentences": []}
        for one in sorted(rules(draft), key=lambda c: _GRAVEST.index(c.severity))
        if not one.passed
    ]
