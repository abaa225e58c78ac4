"""``radixgpt eval agent``: conversations of several turns, marked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.eval.options import Draws, Seed
from commands.eval.options import names as names_in
from commands.terminal import AsJson, Quiet, counted, echo_json, errors_as_exit_codes, write


def run(
    system: Annotated[str, typer.Option(help="agent, no-tools or template-of-normals.")] = "agent",
    cases: Annotated[
        Path | None,
        typer.Option(
            help="cases.jsonl of a workspace: talk about real cases of it too.", show_default=False
        ),
    ] = None,
    real: Annotated[int, typer.Option(min=1, help="How many of them.")] = 4,
    groups: Annotated[
        str, typer.Option(help="These groups alone, comma between.", show_default=False)
    ] = "",
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="So many conversations, drawn by --seed.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Folder for scores.json, conversations.jsonl and table.md.",
            show_default=False,
        ),
    ] = None,
    llm: Annotated[
        str | None,
        typer.Option(help="The language model; RADIXGPT_LLM otherwise.", show_default=False),
    ] = None,
    draws: Draws = 1000,
    seed: Seed = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Hold conversations with a system about studies whose answers are known, and mark them.

    Each conversation begins anew. Marked are the tools called, their arguments, the answer, and
    whether it states anything that no tool saw; the answers are read from their words.
    """
    with errors_as_exit_codes(as_json):
        import json

        from agent.brains import named
        from commands.eval import talkers
        from eval.dialogues import scores, task
        from eval.dialogues.marking import Subject, TaskMark, hold
        from radixgpt.errors import InputError
        from radixgpt.settings import load

        settings = load(llm=llm)
        start = talkers.begin(
            system,
            llm=settings.llm,
            timeout=settings.llm_timeout,
            send_to=settings.llm_send_to,
        )
        wanted = names_in(groups)
        every = task.load()
        of = dict.fromkeys(one.group for one in every)
        unknown = [name for name in wanted if name not in of]
        if unknown:
            raise InputError(
                f"No conversation is of the groups {', '.join(unknown)}.",
                f"Known are: {', '.join(of)}.",
            )
        known = talkers.chosen(cases, real) if cases is not None else {}
        todo = tuple(
            one for one in task.about(every, tuple(known)) if not wanted or one.group in wanted
        )
        if not todo:
            raise InputError("These conversations are all about real cases.", "Give --cases.")
        of_all = len(todo)
        todo = task.drawn(todo, limit, seed)
        phantoms = task.studies()
        subjects: dict[str, Subject] = {}
        marks: list[TaskMark] = []
        with counted(quiet) as say:
            for number, one in enumerate(todo):
                if one.study not in subjects:
                    say(f"Reading {one.study}", number, len(todo))
                    reading, truth = (
                        talkers.real(known[one.study], (cases or Path()).parent)
                        if one.study in known
                        else talkers.phantom(*phantoms[one.study])
                    )
                    subjects[one.study] = talkers.subject(reading, truth, start)
                marks.append(hold(one, subjects[one.study]))
                say("Talking", number + 1, len(todo))
        name = system if settings.llm == "embedded" else f"{system} ({named(settings.llm)})"
        if len(todo) < of_all:
            name += f", {len(todo)} drawn of {of_all}"
        found = scores.summary(marks, draws=draws, seed=seed)
        if out is not None:
            tables = f"{scores.table({name: found})}\n\n{scores.by_group(found)}\n"
            told = {"system": name, "seed": seed, "draws": draws, "drawn_of": of_all, **found}
            write(
                out,
                {
                    "scores.json": (json.dumps(told, indent=2) + "\n").encode(),
                    "conversations.jsonl": scores.lines(marks).encode(),
                    "table.md": tables.encode(),
                },
            )
        if as_json:
            echo_json({"system": name, **found})
        elif not quiet:
            typer.echo(scores.table({name: found}))
            typer.echo("")
            typer.echo(scores.by_group(found))
