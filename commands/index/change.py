"""Build an index of mapped cases, add to it, delete from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from commands.index.options import CasesFile, IndexFolder, OfSource, WorkspaceOf
from commands.terminal import AsJson, Quiet, counted, echo_json, errors_as_exit_codes

if TYPE_CHECKING:
    from radixgpt.case import Case
    from retrieval.corpus import Item
    from retrieval.encoder import Encoder
    from retrieval.manifest import Manifest
    from retrieval.writer import Writer

_NONE = "none"
Say = Callable[[str, int, int], None]


def build(
    cases: CasesFile,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FOLDER", help="New folder.", show_default=False),
    ],
    workspace: WorkspaceOf = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            help="embedded, open_clip:MODEL/WEIGHTS, or none for findings and words alone; "
            "RADIXGPT_ENCODER otherwise.",
            show_default=False,
        ),
    ] = None,
    kind: Annotated[
        str, typer.Option(help="flat, hnsw or ivf: exact, a graph, or lists.")
    ] = "flat",
    name: Annotated[str, typer.Option(help="Name of the corpus.")] = "cases",
    split: Annotated[
        str,
        typer.Option(help="Only cases of this side: train, development or test.", show_default=""),
    ] = "",
    source: OfSource = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make an index of CASES in a new folder; one that was stopped goes on.

    Cases may have images, a text, gradings, or any of these. Texts are kept as they are, images
    are not: their vectors and fingerprints are.
    """
    with errors_as_exit_codes(as_json):
        from radixgpt import settings
        from retrieval import encoder as encoders
        from retrieval import writer
        from tools.similar.finder import facts_of

        if kind not in ("flat", "hnsw", "ivf"):
            raise typer.BadParameter("write flat, hnsw or ivf.", param_hint="--kind")
        root = workspace or cases.parent
        chosen = _chosen(cases, split, source)
        named = encoder or settings.load().encoder
        with counted(quiet) as say:
            eyes = None if named == _NONE else encoders.load(named)
            made = writer.Writer.create(
                out,
                writer.fresh(
                    name,
                    encoder=facts_of(eyes) if eyes is not None else None,
                    kind=cast("Literal['flat', 'hnsw', 'ivf']", kind),
                    workspace=_way(out, root),
                ),
            )
            added, unread = _add(made, chosen, root, eyes, say)
            finished = made.finish(say)
        _tell(finished, added, unread, as_json=as_json, quiet=quiet)


def add(
    cases: CasesFile,
    index: IndexFolder,
    workspace: WorkspaceOf = None,
    split: Annotated[str, typer.Option(help="As for build.", show_default="")] = "",
    source: OfSource = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Add CASES to an index; one that is there and has changed is replaced."""
    with errors_as_exit_codes(as_json):
        from radixgpt import settings
        from retrieval import encoder as encoders
        from retrieval import manifest as manifests
        from retrieval.writer import Writer
        from tools.similar.finder import facts_of, setting_of

        root = workspace or cases.parent
        chosen = _chosen(cases, split, source)
        made = Writer(index)
        _require_complete(made)
        with counted(quiet) as say:
            eyes = None
            if made.manifest.encoder is not None:
                setting = settings.load().encoder
                eyes = encoders.load(setting_of(made.manifest.encoder, setting))
                manifests.matches(made.manifest.encoder, facts_of(eyes))
            added, unread = _add(made, chosen, root, eyes, say)
        _tell(made.manifest, added, unread, as_json=as_json, quiet=quiet)


def delete(
    index: IndexFolder,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CASE]...", help="Ids of cases.", show_default=False),
    ] = None,
    patient: Annotated[
        list[str] | None,
        typer.Option(help="All cases of this patient; give it again for more.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Delete cases from an index; nothing of them stays on disk."""
    with errors_as_exit_codes(as_json):
        from retrieval.writer import Writer

        if not ids and not patient:
            raise typer.BadParameter("name cases or patients.", param_hint="CASE")
        made = Writer(index)
        _require_complete(made)
        with counted(quiet) as say:
            gone = made.delete(ids or (), patient or (), say)
        if as_json:
            echo_json({"deleted": gone, "cases": made.manifest.cases})
        elif not quiet:
            typer.echo(
                f"{gone} {'case' if gone == 1 else 'cases'} deleted, {made.manifest.cases} left."
            )


def _require_complete(made: Writer) -> None:
    from radixgpt.errors import CorpusError
    from retrieval.manifest import name_of

    if not made.manifest.complete:
        raise CorpusError(
            f"The index '{name_of(made.folder)}' was not built to its end.",
            "Run the same radixgpt index build again; it goes on where it was stopped.",
        )


def _chosen(path: Path, split: str, source: str) -> list[Case]:
    """The cases of a file.

    Raises:
        CaseError: none of them is meant, a line is no case or states what there is not, or several
            lines have one id.
    """
    from radixgpt.case import numbered_cases
    from radixgpt.errors import CaseError
    from retrieval.conflicts import wrong_with

    chosen: list[Case] = []
    lines: dict[str, list[int]] = {}
    wrong: list[str] = []
    for number, case in numbered_cases(path):
        lines.setdefault(case.id, []).append(number)
        wrong += [f"line {number}: {said}" for one in case.findings if (said := wrong_with(one))]
        if split in ("", case.split) and source in ("", case.source):
            chosen.append(case)
    if not lines:
        raise CaseError(f"{path.name} holds no case.", "Fill it: radixgpt data map.")
    twice = [f"{name} (lines {_listed(own)})" for name, own in lines.items() if len(own) > 1]
    if twice:
        raise CaseError(
            f"{path.name} has one id more than once: {_first(twice)}.",
            "Keep one line of each, or give each case an id of its own.",
        )
    if wrong:
        raise CaseError(f"{path.name}, {_first(wrong)}.", "Mend or remove these lines.")
    if not chosen:
        left = [f"split '{split}'"] * bool(split) + [f"source '{source}'"] * bool(source)
        raise CaseError(
            f"No case of {path.name} is of {' and '.join(left)}.",
            "Name another one, or leave the option out.",
        )
    return chosen


_TOLD = 5
"""Lines of a file that are named in one message."""


def _first(problems: Sequence[str]) -> str:
    more = f"; and {len(problems) - _TOLD} more" if len(problems) > _TOLD else ""
    return "; ".join(problems[:_TOLD]) + more


def _listed(numbers: Sequence[int]) -> str:
    more = f" and {len(numbers) - _TOLD} more" if len(numbers) > _TOLD else ""
    return ", ".join(map(str, numbers[:_TOLD])) + more


def _add(
    made: Writer, chosen: Sequence[Case], root: Path, encoder: Encoder | None, say: Say
) -> tuple[int, list[str]]:
    """Add what is new or has changed, and tell what could not be read."""
    from tools.similar import cases as similar

    known = made.known
    waiting = [case for case in chosen if known.get(case.id) != similar.fingerprint(case)]
    unread: list[str] = []

    own = _way(made.folder, root) == made.manifest.workspace

    def items() -> Iterator[Item]:
        for case in waiting:
            item, problems = similar.item_of(case, root, encoder)
            unread.extend(problems)
            if not own:  # its pictures lie in another workspace than the index knows
                entry = item.entry.model_copy(update={"key_image": None})
                item = replace(item, entry=entry)
            yield item

    return made.add(items(), say, len(waiting)), unread


def _way(folder: Path, root: Path) -> str | None:
    """The way from an index within a workspace up to it; None where it lies elsewhere."""
    inner, outer = folder.resolve(), root.resolve()
    if not inner.is_relative_to(outer):
        return None
    depth = len(inner.relative_to(outer).parts)
    return "/".join([".."] * depth) or "."


def _tell(manifest: Manifest, added: int, unread: list[str], *, as_json: bool, quiet: bool) -> None:
    if as_json:
        echo_json({**_counts(manifest), "added": added, "unread": unread})
        return
    if quiet:
        return
    vectors = ", ".join(f"{count} {name}" for name, count in manifest.vectors.items())
    typer.echo(
        f"{manifest.name}: {manifest.cases} cases of {manifest.patients} patients, {added} added; "
        f"vectors: {vectors or 'none'}"
    )
    for line in unread[:3]:
        typer.echo(f"  not read: {line}")
    if len(unread) > 3:
        typer.echo(f"  and {len(unread) - 3} images more were not read")


def _counts(manifest: Manifest) -> dict[str, Any]:
    keep = {"name", "cases", "patients", "vectors", "licences", "origins", "kind"}
    return manifest.model_dump(mode="json", include=keep)
