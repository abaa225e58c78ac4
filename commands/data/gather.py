"""``radixgpt data gather``: bring files into the workspace, with their provenance."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.data.options import WorkspaceFolder
from commands.terminal import AsJson, Quiet, counted, echo_json, errors_as_exit_codes
from data.workspace import DEFAULT

if TYPE_CHECKING:
    from data.gather.gatherer import Outcome
    from data.gather.source import Source, Terms


def _text(name: str, metavar: str, told: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        name, metavar=metavar, help=told, show_default=False
    )
    return option


def run(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|PATH|URL",
            help="'shared' for all staged sets, a name of --list, a file, folder or zip, "
            "https://... for DICOMweb, or dimse://AET@HOST:PORT.",
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceFolder = DEFAULT,
    listed: Annotated[bool, typer.Option("--list", help="List the known sources.")] = False,
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="Accept the licence unasked.")
    ] = False,
    non_commercial: Annotated[
        bool,
        typer.Option(
            "--non-commercial", help="State that the use is not commercial, where that is asked."
        ),
    ] = False,
    mirror: Annotated[
        str | None,
        _text("--mirror", "URL", "Mirror that holds HOST/PATH of the published addresses."),
    ] = None,
    link: Annotated[
        bool, typer.Option("--link", help="Hard-link files of this disk instead of copying them.")
    ] = False,
    keep_names: Annotated[
        bool,
        typer.Option(
            "--keep-names",
            help="Keep the names of your own pictures and NIfTI files: they identify nobody.",
        ),
    ] = False,
    key: Annotated[str | None, _text("--as", "KEY", "Name of your own source.")] = None,
    licence: Annotated[str | None, _text("--licence", "TEXT", "Licence of your own data.")] = None,
    citation: Annotated[
        str | None, _text("--citation", "TEXT", "What to cite for your own data.")
    ] = None,
    study: Annotated[
        list[str] | None, _text("--study", "UID", "PACS: a study; may be repeated.")
    ] = None,
    patient: Annotated[str, _text("--patient", "ID", "PACS: studies of a patient.")] = "",
    dates: Annotated[
        str, _text("--dates", "FROM-TO", "PACS: studies of these days, as YYYYMMDD-YYYYMMDD.")
    ] = "",
    modality: Annotated[str, _text("--modality", "MR", "PACS: series of a modality.")] = "",
    description: Annotated[
        str,
        _text("--description", "TEXT", "PACS: studies described so; * and ? stand for any text."),
    ] = "",
    limit: Annotated[
        int | None, typer.Option(min=1, help="PACS: most studies.", show_default=False)
    ] = None,
    calling_aet: Annotated[
        str, typer.Option(metavar="AET", help="DIMSE: how we call ourselves.")
    ] = "RADIXGPT",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Bring the files of a source into the workspace; stopped and called again, it goes on."""
    with errors_as_exit_codes(as_json):
        from data.gather.choose import Wish, choose
        from data.gather.gatherer import gather, has_to_ask
        from data.gather.pacs import Question
        from data.workspace import Workspace
        from radixgpt.settings import load

        shared = load().shared_data
        if listed:
            _list(shared, as_json)
            return
        if name is None:
            raise typer.BadParameter("name a source, or ask for --list.", param_hint="NAME")
        home = Workspace(workspace)
        wish = Wish(
            name=name,
            shared=shared,
            mirror=mirror,
            link=link,
            keep_names=keep_names,
            key=key,
            licence=licence,
            citation=citation,
            question=Question(tuple(study or ()), patient, dates, modality, description, limit),
            calling_aet=calling_aet,
            token=os.environ.get("DICOMWEB_TOKEN", ""),
        )
        sources = choose(wish, home)
        accepted = {
            source.key
            for source in sources
            if has_to_ask(source, home) and _accepts(source, accept_licence, non_commercial)
        }
        outcomes: list[Outcome] = []
        with counted(quiet) as say:
            for source in sources:
                answer = source.key in accepted
                outcomes.append(gather(source, home, accepted=answer, say=say))
        if as_json:
            echo_json({"sources": [outcome.as_json() for outcome in outcomes]})
        elif not quiet:
            _summary(outcomes)


def _accepts(source: Source, accept_licence: bool, non_commercial: bool) -> bool:
    """Show the terms, and ask where a flag has not answered yet."""
    typer.echo(_words(source.title, source.terms), err=True)
    there = sys.stdin.isatty() and sys.stderr.isatty()
    if not (accept_licence or (there and typer.confirm("Accept the licence?", err=True))):
        return False
    if source.terms.commercial or non_commercial:
        return True
    return there and typer.confirm(
        "This licence does not allow commercial use. Is yours not commercial?", err=True
    )


def _words(title: str, terms: Terms) -> str:
    lines = [
        title,
        f"  licence   {terms.licence}",
        f"  terms at  {terms.licence_url}",
        f"  cite      {terms.citation}",
    ]
    if not terms.commercial:
        lines.append("  COMMERCIAL USE IS NOT ALLOWED")
    if terms.note:
        lines.append(f"  note      {terms.note}")
    return "\n".join(lines)


def _list(shared: Path | None, as_json: bool) -> None:
    from data.gather.choose import known

    rows = known(shared)
    if as_json:
        echo_json(
            {
                "sources": [
                    {
                        "source": row.key,
                        "title": row.title,
                        "where": row.where,
                        "there": row.there,
                        "gigabytes": row.gigabytes,
                        "licence": row.terms.licence,
                        "licence_url": row.terms.licence_url,
                        "commercial": row.terms.commercial,
                        "citation": row.terms.citation,
                        "note": row.terms.note,
                    }
                    for row in rows
                ]
            }
        )
        return
    for row in rows:
        place = f"{row.gigabytes:g} GB" if row.there is None else "here" if row.there else "absent"
        use = "" if row.terms.commercial else "; no commercial use"
        typer.echo(f"{row.key:18} {row.where}, {place}: {row.title} [{row.terms.licence}{use}]")


def _summary(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        counts = [
            f"{count} {word}"
            for count, word in (
                (outcome.added, "new"),
                (outcome.verified, "as before"),
                (outcome.changed, "changed"),
            )
            if count
        ]
        typer.echo(
            f"{outcome.source}: {outcome.files} files, {outcome.size / 1e6:.1f} MB "
            f"({', '.join(counts) or 'none'}); {outcome.licence}"
        )
        for reason, count in sorted(outcome.left.items()):
            typer.echo(f"  {count} left out: {reason}")
