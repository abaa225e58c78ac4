"""``radixgpt eval bench``: build SpineReportBench, predict, score, and tabulate systems."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.eval.options import Draws, Seed
from commands.terminal import (
    AsJson,
    Quiet,
    counted,
    echo_json,
    errors_as_exit_codes,
    write,
)
from eval.batch.engine import EngineName
from eval.run.registry import KINDS, Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eval.bench.definition import TaskName
    from eval.bench.folder import Bench
    from eval.bench.predict import Row
    from eval.bench.score import Result

app = typer.Typer(
    help="SpineReportBench: fixed tasks, splits, prompts and scoring, for systems of any team.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
TASKS = ("report", "grades", "concepts", "extraction", "retrieval")
READERS = ("rules", "keywords")

Folder = Annotated[
    Path, typer.Option("--bench", help="Folder of the benchmark.", show_default=False)
]
CasesPath = Annotated[
    Path, typer.Option(help="cases.jsonl of a workspace; images lie beside it.", show_default=False)
]


@app.command()
def build(
    cases: CasesPath,
    out: Annotated[Path, typer.Option("--out", "-o", help="New folder.", show_default=False)],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Build the benchmark from mapped cases: items, answers, images, probes and its card.

    The folder holds patients' pictures and gradings under their own licence; keep it out of git.
    """
    with errors_as_exit_codes(as_json):
        from commands.eval.systems import write as text_of
        from data.gather.provenance import read as read_provenance
        from data.workspace import Workspace
        from eval.bench.build import build as build_bench
        from eval.bench.definition import definition
        from radixgpt.case import read_cases

        provenance = read_provenance(Workspace(cases.parent).provenance)
        cited = (r.citation for r in provenance.values() if r.source == definition().source)
        with counted(quiet) as say:
            built = build_bench(
                read_cases(cases), cases.parent, out, text_of, citation=next(cited, ""), say=say
            )
        if as_json:
            echo_json(
                {
                    "studies": built.studies,
                    "index": built.index,
                    "items": built.items,
                    "sha256": built.sha256,
                }
            )
        elif not quiet:
            typer.echo(
                f"{built.studies} studies, {built.index} in the index; manifest {built.sha256}"
            )
            for name, count in built.items.items():
                typer.echo(f"  {name}: {count} items")
            typer.echo(str(out / "README.md"))


@app.command()
def predict(
    system: Annotated[
        str,
        typer.Option(
            help=f"One of {', '.join(KINDS)}; for notes {' or '.join(READERS)}.",
            show_default=False,
        ),
    ],
    bench: Folder,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder for the predictions.", show_default=False),
    ],
    cases: Annotated[
        Path | None,
        typer.Option(help="cases.jsonl, for systems that learn.", show_default=False),
    ] = None,
    notes: Annotated[
        Path | None,
        typer.Option(help="The shared data with the notes, for readers.", show_default=False),
    ] = None,
    probe: Annotated[Probe, typer.Option(help="Images that can't support an answer.")] = Probe.NONE,
    llm: Annotated[
        str | None,
        typer.Option(help="The language model; RADIXGPT_LLM otherwise.", show_default=False),
    ] = None,
    engine: Annotated[EngineName, typer.Option(help="Where to work.")] = EngineName.SERIAL,
    workers: Annotated[int, typer.Option(min=1, help="Processes, or CPUs of a local Ray.")] = 2,
    seed: Seed = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the predictions of one of our systems; stopped and called again, it goes on."""
    with errors_as_exit_codes(as_json):
        from eval.bench import predict as predictions
        from eval.bench.definition import TaskName
        from eval.bench.folder import open_bench

        opened = open_bench(bench)
        if system in READERS:
            rows = {TaskName.EXTRACTION: _extracted(opened, system, notes)}
        else:
            with counted(quiet) as say:
                rows = _reported(opened, system, out, cases, probe, llm, engine, workers, seed, say)
        paths = predictions.write(out, rows)
        if as_json:
            echo_json({path.stem: str(path) for path in paths})
        elif not quiet:
            for path in paths:
                typer.echo(str(path))


def _extracted(opened: Bench, system: str, notes: Path | None) -> Sequence[Row]:
    from eval.bench import predict as predictions
    from eval.notes.draw import digest, read_notes
    from eval.notes.keywords import keywords
    from radixgpt.errors import SettingsError
    from radixgpt.language.reader import read
    from radixgpt.settings import load

    shared = notes or load().shared_data
    if shared is None:
        raise SettingsError(
            "The notes are not shipped, and no folder of them is named.",
            "Name the shared data with --notes, or set RADIXGPT_SHARED_DATA.",
        )
    reader = keywords if system == "keywords" else lambda text: list(read(text).findings)
    return predictions.extracted(opened, read_notes(shared), digest, reader)


def _reported(
    opened: Bench,
    system: str,
    out: Path,
    cases: Path | None,
    probe: Probe,
    llm: str | None,
    engine: EngineName,
    workers: int,
    seed: int,
    say: Callable[[str, int, int], None],
) -> dict[TaskName, Sequence[Row]]:
    from commands.eval import systems
    from data.workspace import Workspace
    from eval.batch.engine import engine as open_engine
    from eval.bench import predict as predictions
    from eval.bench.definition import TaskName, definition
    from eval.run import outputs, runner
    from eval.run.registry import KINDS as KNOWN
    from radixgpt.case import read_cases
    from radixgpt.errors import SettingsError
    from radixgpt.settings import load

    settings = load(llm=llm)
    if cases is None and system in KNOWN and "train" in KNOWN[system].needs:
        raise SettingsError(f"{system} learns from cases.", "Name them with --cases.")
    what = definition()
    train = [
        case
        for case in (read_cases(cases) if cases else ())
        if case.split == what.index.value and case.source == what.source
    ]
    root = cases.parent if cases else Path()
    ready = systems.system(
        system,
        systems.Setup(
            train,
            root,
            Workspace(root).measures,
            settings.llm,
            settings.llm_timeout,
            settings.captioner,
            say,
        ),
    )
    about = {"system": ready.name, "made of": dict(ready.made_of), "bench": opened.sha256}
    outputs.begin(out, {**about, "probe": probe.value, "seed": seed})
    todo = predictions.tasks(opened, probe, seed)
    with open_engine(engine, workers) as run_blocks:
        found = runner.run(ready, todo, out, run_blocks, say=say)
    rows: dict[TaskName, Sequence[Row]] = dict(predictions.of_outputs(opened, found))
    if system == "nearest-neighbour" and probe is Probe.NONE:
        rows[TaskName.RETRIEVAL] = predictions.ranked(opened, systems.ranking(opened.index(), say))
    if system == "radixgpt" and probe is Probe.NONE:
        rows[TaskName.RETRIEVAL] = predictions.ranked(opened, systems.similar(opened.index()))
    return rows


@app.command()
def score(
    task: Annotated[str, typer.Option(help=f"One of {', '.join(TASKS)}.", show_default=False)],
    predictions: Annotated[
        Path, typer.Option(help="JSON lines, every item once.", show_default=False)
    ],
    bench: Folder,
    probe: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FILE",
            help="Predictions on a probe: blank, noise, flipped, swapped; repeat for more.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for the scores.", show_default=False),
    ] = None,
    draws: Draws = 1000,
    seed: Seed = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Score predictions of one task, and say whether the system relies on the images."""
    with errors_as_exit_codes(as_json):
        from eval.bench import score as scoring
        from eval.bench.definition import TaskName
        from eval.bench.folder import open_bench
        from radixgpt.errors import SettingsError

        if task not in TASKS:
            raise SettingsError(f"There is no task '{task[:40]}'.", f"Use {', '.join(TASKS)}.")
        probes = _probes(probe or ())
        opened = open_bench(bench)
        result = scoring.score(opened, TaskName(task), predictions, probes, draws=draws, seed=seed)
        text = scoring.as_file(opened, result, predictions, probes)
        if out is not None:
            write(out, {f"{task}.json": text})
        if as_json:
            typer.echo(text, nl=False)
        elif not quiet:
            _tell(result)


@app.command()
def table(
    systems: Annotated[
        list[str],
        typer.Argument(
            metavar="[NAME=]FOLDER...",
            help="Folders that `bench score --out` wrote, one a system.",
            show_default=False,
        ),
    ],
) -> None:
    """Print scored systems side by side as Markdown: each task, and its probes."""
    with errors_as_exit_codes(False):
        from eval.bench import table as tables

        folders = []
        for given in systems:
            name, there, path = given.partition("=")
            folders.append((name, Path(path)) if there else (Path(given).name, Path(given)))
        typer.echo(tables.to_markdown(tables.read(folders)), nl=False)


def _probes(given: Sequence[str]) -> dict[Probe, Path]:
    """Names and files of probes.

    Raises:
        SettingsError: one is unknown, or has no file.
    """
    from radixgpt.errors import SettingsError

    found: dict[Probe, Path] = {}
    for text in given:
        name, _, path = text.partition("=")
        known = [probe.value for probe in Probe if probe is not Probe.NONE]
        if name not in known or not path:
            raise SettingsError(
                f"'{text[:40]}' is no probe with its file.",
                f"Write NAME=FILE with {', '.join(known)}.",
            )
        found[Probe(name)] = Path(path)
    return found


def _tell(result: Result) -> None:
    from eval.batch.output import with_interval

    width = max(len(one.metric) for one in result.scores)
    for one in result.scores:
        mark = "*" if one.metric == result.main else " "
        said = with_interval(one.value, one.low, one.high, 8)
        typer.echo(f"{mark} {one.metric:<{width}}  {said}")
    typer.echo(f"  {result.scores[0].signature}")
    for probe in result.reliance:
        said = "passed" if probe.passed else "NOT PASSED"
        typer.echo(
            f"  {probe.probe:<8} {result.main} {probe.value:.4f}, falls by {probe.fall:.4f}"
            f" (p {probe.p:.4f}), {probe.refused:.0%} refused: {said}"
        )
    if result.reliance and not all(probe.passed for probe in result.reliance):
        typer.echo("  A probe that is not passed: the score does not come from the images alone.")
