"""``radixgpt eval run``: a system over the cases of a split, then scored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.eval.options import Draws, Seed
from commands.eval.options import names as names_in
from commands.terminal import AsJson, Quiet, counted, errors_as_exit_codes, write
from eval.batch.engine import EngineName
from eval.run.registry import KINDS, Probe, Side

if TYPE_CHECKING:
    from eval.run.score import Ran


def run(
    system: Annotated[str, typer.Option(help=f"One of {', '.join(KINDS)}.", show_default=False)],
    cases: Annotated[
        Path,
        typer.Option(help="cases.jsonl of a workspace; images lie beside it.", show_default=False),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="Folder of the run; named again, it goes on where it stopped.",
            show_default=False,
        ),
    ],
    split: Annotated[Side, typer.Option(help="Which side of the split.")] = Side.DEVELOPMENT,
    source: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Cases of this source alone; repeat for more.", show_default=False
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Most cases.", show_default=False)
    ] = None,
    probe: Annotated[
        Probe, typer.Option(help="Spoil the images first: the scores have to fall.")
    ] = Probe.NONE,
    metrics: Annotated[
        str, typer.Option(help="Families of metrics, comma between.", show_default=False)
    ] = "",
    llm: Annotated[
        str | None,
        typer.Option(help="The language model; RADIXGPT_LLM otherwise.", show_default=False),
    ] = None,
    engine: Annotated[EngineName, typer.Option(help="Where to work.")] = EngineName.SERIAL,
    workers: Annotated[int, typer.Option(min=1, help="Processes, or CPUs of a local Ray.")] = 2,
    draws: Draws = 1000,
    seed: Seed = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run a system over the cases of a split, each apart, and score what it says.

    A case that fails is told and scored as an empty report. Cases without a person's report are
    scored against their gradings; their texts are generated from gradings, and called so.
    """
    with errors_as_exit_codes(as_json):
        from commands.eval import systems
        from data.workspace import Workspace
        from eval.batch.engine import engine as open_engine
        from eval.batch.output import SCORES, hash_of
        from eval.batch.whole import Wish
        from eval.run import outputs, runner, score, tasks
        from radixgpt.case import read_cases
        from radixgpt.settings import load

        settings = load(llm=llm)
        everything = list(read_cases(cases))
        chosen = tasks.choose(everything, split, sources=source or (), limit=limit)
        todo = tasks.tasks(chosen, cases.parent, seed=seed, probe=probe)
        sources = sorted({case.source for case in chosen})
        with counted(quiet) as say:
            ready = systems.system(
                system,
                systems.Setup(
                    train=[c for c in everything if c.split == "train" and c.source in sources],
                    root=cases.parent,
                    measures=Workspace(cases.parent).measures,
                    llm=settings.llm,
                    llm_timeout=settings.llm_timeout,
                    captioner=settings.captioner,
                    say=say,
                ),
            )
            about = {
                "system": ready.name,
                "made of": dict(ready.made_of),
                "cases": hash_of(cases),
                "split": split.value,
                "sources": sources,
                "probe": probe.value,
                "seed": seed,
                # Whose images a case gets depends on who else is run.
                **({"limit": limit} if probe is Probe.SWAPPED else {}),
            }
            outputs.begin(out, about)
            with open_engine(engine, workers) as run_blocks:
                found = runner.run(ready, todo, out, run_blocks, say=say)
            wish = Wish(
                names_in(metrics) or score.FAMILIES,
                engine=engine,
                workers=workers,
                draws=draws,
                seed=seed,
                settings={"run": about},
                title=f"{ready.name} on {len(chosen)} cases of {', '.join(sources)}, {split}",
            )
            references = [tasks.reference(case, cases.parent, systems.write) for case in chosen]
            ran = score.score(found, references, out, wish, say=say)
        write(out, dict(ran.outcome.files))
        if as_json:
            typer.echo(ran.outcome.files[SCORES], nl=False)
        elif not quiet:
            _tell(ran)


def _tell(ran: Ran) -> None:
    from commands.eval.score import tell

    tell(ran.outcome)
    if ran.generated:
        typer.echo(
            f"{ran.generated} of {ran.cases} references are generated from gradings: "
            "read the findings first, the words second."
        )
    if ran.failures:
        typer.echo(f"{len(ran.failures)} of {ran.cases} cases failed and count as empty reports:")
        for problem, count in ran.reasons.most_common():
            typer.echo(f"  {count}: {problem}")
