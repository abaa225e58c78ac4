"""``radixgpt eval score``: all text metrics of one system, in one call."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.terminal import AsJson, Quiet, counted, errors_as_exit_codes, write
from eval.batch.engine import EngineName


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
        str, typer.Option(help="Families of metrics, comma between; all otherwise.")
    ] = "",
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
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Score candidate reports against references."""
    with errors_as_exit_codes(as_json):
        from eval.batch import output, pairs, scoring
        from eval.batch.block import SIZE
        from eval.batch.engine import engine as open_engine
        from eval.page import errors

        wanted = [name.strip() for name in metrics.split(",") if name.strip()]
        names, left_out = scoring.usable(wanted)
        worst_by = errors.metric_of(worst_by, scoring.metrics(names))
        corpus = pairs.check(references, candidates)
        # Starting processes takes longer than two blocks do.
        small = corpus.studies <= 2 * SIZE and engine is EngineName.PROCESSES
        with (
            counted(quiet) as say,
            open_engine(EngineName.SERIAL if small else engine, workers) as run_blocks,
        ):
            parts = scoring.score(corpus, names, run_blocks, total=corpus.studies, say=say)
            scored = scoring.joined(output.written(parts, out))
            scores = scoring.summary(scored, draws=draws, seed=seed)
        text = output.summary_of(
            scores,
            left_out,
            {"references": references, "candidates": candidates},
            metrics=names,
            draws=draws,
            seed=seed,
        )
        written = {output.SCORES: text}
        if page_studies:
            values = scored.scores()
            written[output.PAGE] = errors.render(
                corpus,
                values,
                scores,
                errors.choose(values, scores, by=worst_by, each=page_studies, seed=seed),
                title=f"{candidates.name} against {references.name}",
                notes=[f"Left out: {lack.problem} {lack.mend}" for lack in left_out.values()],
                markers=scoring.markers(names),
            )
        write(out, written)
        if as_json:
            typer.echo(text, nl=False)
        elif not quiet:
            width = max(len(score.metric) for score in scores)
            for score in scores:
                typer.echo(
                    f"{score.metric:<{width}}  {score.value:7.4f}"
                    f"  ({score.low:.4f} to {score.high:.4f})  {score.signature}"
                )
            for lack in left_out.values():
                typer.echo(f"left out: {lack.problem} {lack.mend}")
