"""``radixgpt eval score``: all text metrics of one system, in one call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.eval.options import names as names_in
from commands.terminal import AsJson, Quiet, counted, errors_as_exit_codes, write
from eval.batch.engine import EngineName

if TYPE_CHECKING:
    from eval.batch.whole import Annotations, Outcome


def run(
    references: Annotated[
        Path,
        typer.Option(
            "--references",
            "-r",
            help="CSV or JSON lines with id and text; study or patient groups the bootstrap.",
            show_default=False,
        ),
    ],
    candidates: Annotated[
        Path,
        typer.Option("--candidates", "-c", help="CSV or JSON lines: id, text.", show_default=False),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="Folder for scores.json, the scores of each study, and the error page.",
            show_default=False,
        ),
    ],
    metrics: Annotated[
        str,
        typer.Option(help="Families of metrics, comma between; all but learned ones otherwise."),
    ] = "",
    annotations_references: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="RadGraph annotations of the references, JSON by id; by our rules otherwise.",
            show_default=False,
        ),
    ] = None,
    annotations_candidates: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The candidates' annotations.", show_default=False),
    ] = None,
    extractor: Annotated[
        str, typer.Option(metavar="NAME", help="What made the annotations, such as radgraph-xl.")
    ] = "",
    concepts_only: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CUIs, one a line: the secondary concept F1 keeps these alone.",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[EngineName, typer.Option(help="Where to work.")] = EngineName.PROCESSES,
    workers: Annotated[int, typer.Option(min=1, help="Processes, or CPUs of a local Ray.")] = 2,
    draws: Annotated[int, typer.Option(min=1, help="Bootstrap draws.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    worst_by: Annotated[
        str, typer.Option(metavar="METRIC", help="Whose worst studies the error page shows.")
    ] = "",
    page_studies: Annotated[
        int,
        typer.Option(
            min=0, help="Worst studies on the error page, and random ones besides; 0 for no page."
        ),
    ] = 150,
    adapter_python: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Python of the learned metrics, or NAME=PATH; RADIXGPT_ADAPTER_PYTHON otherwise.",
            show_default=False,
        ),
    ] = None,
    adapter_models: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=MODEL",
            help="Their models, a folder or a hub's name; RADIXGPT_ADAPTER_MODELS otherwise.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Score candidate reports against references: their words, findings, concepts and relations.

    Findings are read from the texts, or taken from a column findings (JSON, or the path of a
    report.json); concepts likewise from a column cuis.
    """
    with errors_as_exit_codes(as_json):
        from eval.adapters.families import adapters
        from eval.batch import output, whole
        from radixgpt.settings import load

        settings = load(adapter_python=adapter_python, adapter_models=adapter_models)
        wish = whole.Wish(
            names_in(metrics),
            _annotations(annotations_references, annotations_candidates, extractor),
            concepts_only,
            engine,
            workers,
            draws,
            seed,
            worst_by,
            page_studies,
            adapters=adapters(settings.adapter_python, settings.adapter_models),
        )
        with counted(quiet) as say:
            found = whole.score_tables(references, candidates, out, wish, say=say)
        write(out, dict(found.files))
        if as_json:
            typer.echo(found.files[output.SCORES], nl=False)
        elif not quiet:
            tell(found)


def tell(found: Outcome) -> None:
    """Print the scores under their signatures, and what was left out."""
    from eval.batch.output import with_interval

    width = max(len(score.metric) for score in found.scores)
    signature = ""
    for score in found.scores:
        if score.signature != signature:
            signature = score.signature
            typer.echo(signature)
        said = with_interval(score.value, score.low, score.high, 8)
        typer.echo(f"  {score.metric:<{width}}  {said}")
    for lack in found.left_out.values():
        typer.echo(f"left out: {lack.problem} {lack.mend}")


def _annotations(
    references: Path | None, candidates: Path | None, extractor: str
) -> Annotations | None:
    """Both files and the extractor's name, or none of the three.

    Raises:
        SettingsError: one of them is missing.
    """
    from eval.batch.whole import Annotations
    from radixgpt.errors import SettingsError

    if references is None and candidates is None and not extractor:
        return None
    if references is None or candidates is None or not extractor.strip():
        raise SettingsError(
            "Annotations need both files and the extractor's name.",
            "Give --annotations-references, --annotations-candidates and --extractor.",
        )
    return Annotations(references, candidates, extractor.strip())
