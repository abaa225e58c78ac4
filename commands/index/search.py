"""Say what an index holds, and search it by text."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.index.options import (
    AnyIndex,
    Count,
    Having,
    NoVectors,
    OfModality,
    OfSource,
    filters,
    folder_of,
    opened,
)
from commands.terminal import AsJson, Quiet, echo_json, errors_as_exit_codes, progress


def info(
    index: AnyIndex = None,
    cases: Annotated[bool, typer.Option("--cases", help="List every case.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what an index holds, who made its vectors, and under which licences; check its files."""
    with errors_as_exit_codes(as_json):
        from retrieval.store import Store
        from tools.similar.finder import SHIPPED

        store = Store.open(folder_of(index) or SHIPPED)
        found = store.manifest
        if as_json:
            listed = [
                {"case": e.id, "patient": e.patient, "source": e.source, "licence": e.licence}
                for e in store.entries
            ]
            told = found.model_dump(mode="json", exclude={"files", "segments", "structures"})
            echo_json({**told, **({"listed": listed} if cases else {})})
            return
        made = "none" if found.encoder is None else found.encoder.name
        vectors = ", ".join(f"{count} {name}" for name, count in found.vectors.items())
        typer.echo(f"{found.name} {found.version}: {found.summary}".rstrip(": "))
        typer.echo(f"cases      {found.cases} of {found.patients} patients")
        typer.echo(f"encoder    {made}")
        typer.echo(f"vectors    {vectors or 'none'} ({found.kind})")
        for licence, count in found.licences.items():
            typer.echo(f"licence    {licence}: {count} cases")
        for origin, count in found.origins.items():
            typer.echo(f"text       {origin}: {count} cases")
        if cases:
            for entry in store.entries:
                typer.echo(f"case       {entry.id} (patient {entry.patient})")


def run(
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT",
            help="What to look for, such as 'severe narrowing at L4-L5 with Modic 2'.",
            show_default=False,
        ),
    ],
    index: AnyIndex = None,
    k: Count = 5,
    having: Having = None,
    modality: OfModality = "",
    source: OfSource = "",
    level: Annotated[
        str, typer.Option(help="Only cases that state anything at this disc.", show_default=False)
    ] = "",
    no_vectors: NoVectors = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find the cases that TEXT asks for, with the reasons and their texts."""
    with errors_as_exit_codes(as_json):
        from tools.similar import told

        chosen = filters(having, modality, source, level)
        with progress(quiet) as say:
            say("Opening the index")
            asked = opened(index, vectors=not no_vectors)
            say("Searching")
            answer = asked.told(text, k=k, filters=chosen)
        found = [told.found_of(hit) for hit in answer]
        if as_json:
            listed = [one.model_dump(mode="json") for one in found]
            echo_json({"cases": listed, "notes": list(answer.notes)})
            return
        for note in answer.notes:
            typer.echo(note)
        for line in told.lines(found):
            typer.echo(line)
        if not found:
            typer.echo("No case of the index fits.")
