"""The terminal door: ``radixgpt report | export | sign | ask | chat | tools | demo | data | eval``.

Machine output goes to stdout and nothing else does; progress and errors go to stderr. Everything
heavy is imported inside the commands, so that ``--help`` answers at once. Exit codes:

0 done · 1 any other failure · 2 wrong usage or setting · 3 the input can't be read as a study ·
4 the study was read but must not be graded (the report that says so is still written) ·
5 weights or a package missing · 6 the report failed its own checks · 7 the language model or the
captioner failed, or something would leave unasked · 8 a source of data can't be reached or is not
what it should be · 9 a record is damaged, or its run did not come out again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.ask import run as ask_command
from commands.captions import app as caption_app
from commands.check import check as check_command
from commands.concepts import run as concepts_command
from commands.data import app as data_app
from commands.deidentify import run as deidentify_command
from commands.eval import app as eval_app
from commands.export import export as export_command
from commands.export import sign as sign_command
from commands.index import app as index_app
from commands.mcp import run as mcp_command
from commands.pacs import app as pacs_app
from commands.replay import run as replay_command
from commands.report import run as report_command
from commands.similar import run as similar_command
from commands.terminal import AsJson, echo_json, errors_as_exit_codes, write
from commands.watch import run as watch_command
from radixgpt import __version__

app = typer.Typer(
    name="radixgpt",
    help="Drafts spine imaging reports whose every sentence points to its image. "
    "For research; not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"radixgpt {__version__}")
        raise typer.Exit


app.add_typer(caption_app, name="caption")
app.command(name="concepts")(concepts_command)
app.command(name="check")(check_command)
app.add_typer(data_app, name="data")
app.command(name="deidentify")(deidentify_command)
app.add_typer(eval_app, name="eval")
app.command(name="export")(export_command)
app.add_typer(pacs_app, name="pacs")
app.command(name="mcp")(mcp_command)
app.command(name="replay")(replay_command)
app.command(name="sign")(sign_command)
app.command(name="similar")(similar_command)
app.add_typer(index_app, name="index")
app.command(name="watch")(watch_command)
app.command(name="report")(report_command)
app.command(name="ask")(ask_command)


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


@app.command()
def chat(
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port of the page; a free one otherwise."),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
) -> None:
    """Open the chat page; it is served to this machine alone."""
    with errors_as_exit_codes(as_json=False):
        from radixgpt.settings import load

        load()
        import app as page

        page.main(port=port, browser=not no_browser)


@app.command()
def tools(as_json: AsJson = False) -> None:
    """List what the tools can do and the weights that they use."""
    with errors_as_exit_codes(as_json):
        from tools.registry import capabilities

        found = capabilities()
        if as_json:
            echo_json({"version": __version__, "tools": [c.model_dump(mode="json") for c in found]})
            return
        for capability in found:
            typer.echo(f"{capability.name}: {capability.does}")
            typer.echo(f"  needs    {capability.needs}")
            if capability.kinds:
                typer.echo(f"  kinds    {', '.join(capability.kinds)}")
            for weights in capability.weights:
                state = f"{weights.version}, {weights.licence}" if weights.there else "missing"
                typer.echo(f"  weights  {weights.name} ({state})")


@app.command()
def demo(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH", help="New folder to write the study into.", show_default=False
        ),
    ],
) -> None:
    """Write the bundled study into PATH: a phantom, computed and no patient."""
    with errors_as_exit_codes(as_json=False):
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            raise typer.BadParameter("it is there already; name a new folder.", param_hint="PATH")
        from data.synth import bundled

        write(path, {file.name: file.read_bytes() for file in bundled.study_folder().iterdir()})
        typer.echo(str(path))


def main() -> None:
    """The entry point of the installed command."""
    app(prog_name="radixgpt")


if __name__ == "__main__":
    main()
