"""How well rules read the marked notes: ``python -m eval.notes --shared ../shared/data``.

``--columns 60`` wraps every line first, as text pasted from a page of fixed width is;
``--styles 1`` and ``--styles 2`` read the invented snippets of other styles instead, kept here.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import process_time

from eval.notes.draw import read_notes
from eval.notes.keywords import keywords
from eval.notes.marks import (
    AGAIN,
    MARKS,
    STYLES,
    Agreement,
    Key,
    Marked,
    Predict,
    agreement,
    key_of,
    read_marks,
    read_styles,
)
from radixgpt.case import StatedFinding
from radixgpt.errors import RadixError
from radixgpt.language.reader import read
from radixgpt.settings import load

VIEWS: dict[str, Callable[[Key], bool]] = {
    "present": lambda key: key[3] == "present",
    "present, without muscle spasm": lambda key: key[3] == "present" and key[0] != "muscle_spasm",
    "present, with a level": lambda key: key[3] == "present" and key[1] is not None,
    "present, with a side": lambda key: key[3] == "present" and key[2] is not None,
    "denied": lambda key: key[3] == "absent",
    "all, with assertion": lambda key: True,
}
"""Which keys count: name to test."""


def by_rules(text: str) -> list[Key]:
    """Keys that the rules read in a whole note."""
    return [key_of(finding) for finding in read(text).findings]


def wrapped(text: str, columns: int) -> str:
    """A text with its long lines wrapped to so many columns."""
    return "\n".join(
        textwrap.fill(line, columns, break_long_words=False, break_on_hyphens=False)
        for line in text.splitlines()
    )


def measured(marked: Sequence[Marked], predict: Predict) -> dict[str, Agreement]:
    """Agreement with the marks by view."""
    references = [[key_of(finding) for finding in note.findings] for note in marked]
    candidates = [[key_of(finding) for finding in predict(note.text)] for note in marked]
    return {name: agreement(references, candidates, keep) for name, keep in VIEWS.items()}


def details(marked: Sequence[Marked]) -> dict[str, tuple[int, int]]:
    """Of the findings read rightly: how many have the marked value, and the marked severity."""
    same = {"value": [0, 0], "severity": [0, 0]}
    for note in marked:
        found = {key_of(finding): finding for finding in read(note.text).findings}
        for finding in note.findings:
            other = found.get(key_of(finding))
            if other is None or finding.assertion != "present":
                continue
            for name, count in same.items():
                if getattr(finding, name) is not None or getattr(other, name) is not None:
                    count[1] += 1
                    count[0] += getattr(finding, name) == getattr(other, name)
    return {name: (right, total) for name, (right, total) in same.items()}


def _table(title: str, rows: dict[str, Agreement]) -> str:
    lines = [f"{title:<34} F1 (95% interval)      P      R    right/marked/read"]
    lines += [
        f"  {name:<32} {row.f1:.3f} ({row.low:.3f}-{row.high:.3f})  {row.precision:.3f}  "
        f"{row.recall:.3f}  {row.right}/{row.marked}/{row.read}"
        for name, row in rows.items()
    ]
    return "\n".join(lines)


def _figures(**readers: dict[str, Agreement]) -> dict[str, dict[str, dict[str, float]]]:
    """Agreement by reader and view, for machines."""
    return {
        name: {view: vars(row) | {"f1": row.f1} for view, row in rows.items()}
        for name, rows in readers.items()
    }


def _errors(marked: Sequence[Marked]) -> str:
    lines = []
    for note in marked:
        reference = {key_of(finding) for finding in note.findings}
        candidate = set(by_rules(note.text))
        for sign, keys in (("missed", reference - candidate), ("added", candidate - reference)):
            lines += [
                f"  {note.patient:>4} {sign:<6} {_said(key)}" for key in sorted(keys, key=str)
            ]
    return "\n".join(lines)


def _said(key: Key) -> str:
    kind, level, side, assertion = key
    return " ".join((kind, level or "no level", side or "no side", assertion))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 0 if they could be made."""
    parser = argparse.ArgumentParser(prog="python -m eval.notes", description=__doc__)
    parser.add_argument("--shared", type=Path, help="folder of the shared data")
    parser.add_argument("--errors", action="store_true", help="list what was missed and added")
    parser.add_argument("--columns", type=int, help="wrap every line to so many first")
    parser.add_argument(
        "--styles",
        type=int,
        choices=range(1, len(STYLES) + 1),
        help="the invented snippets of this set instead",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args(arguments)
    columns: int | None = chosen.columns
    if columns is not None and columns < 1:
        parser.error(f"--columns {columns}: a line has at least 1; give 40 to 120.")
    if chosen.styles is not None:
        if columns is not None:
            parser.error("--styles and --columns are not measured together; leave one out.")
        return _styles(STYLES[chosen.styles - 1], chosen.errors, chosen.json)
    try:
        shared = chosen.shared or load().shared_data or Path("../shared/data")
        notes = read_notes(shared)
        marked = read_marks(notes, MARKS)
        again = read_marks(notes, AGAIN) if AGAIN.exists() else []
    except RadixError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if columns is not None:
        plain, notes = notes, {name: wrapped(text, columns) for name, text in notes.items()}
        alike = sum(set(by_rules(plain[name])) == set(by_rules(notes[name])) for name in notes)
        marked = [replace(note, text=wrapped(note.text, columns)) for note in marked]
    rules = measured(marked, lambda text: read(text).findings)
    trivial = measured(marked, keywords)
    first = {note.patient: note.findings for note in marked}
    repeated = measured(again, _looked_up(again, first)) if again else {}
    same = details(marked)
    begin = process_time()
    for text in notes.values():
        read(text)
    speed = 1000 * (process_time() - begin) / len(notes)
    if chosen.json:
        figures = _figures(rules=rules, keywords=trivial, again=repeated)
        told = {**figures, "details": same, "ms": speed}
        if columns is not None:
            told["read_as_unwrapped"] = (alike, len(notes))
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
        return 0
    parts = [_table(f"rules, {len(marked)} notes", rules), _table("keywords alone", trivial)]
    if repeated:
        parts.append(_table(f"marked again, {len(again)} notes", repeated))
    parts += [f"{name}: {right} of {total} as marked" for name, (right, total) in same.items()]
    parts.append(f"{speed:.2f} ms a note over {len(notes)} notes")
    if columns is not None:
        parts.append(f"{alike} of {len(notes)} notes read as if they were not wrapped")
    if chosen.errors:
        parts.append(_errors(marked))
    sys.stdout.write("\n\n".join(parts) + "\n")
    return 0


def _styles(path: Path, with_errors: bool, as_json: bool) -> int:
    """Print how well the rules read the snippets of many styles."""
    marked = read_styles(path)
    rules = measured(marked, lambda text: read(text).findings)
    trivial = measured(marked, keywords)
    same = details(marked)
    wholly = sum(
        {key_of(one) for one in note.findings} == set(by_rules(note.text)) for note in marked
    )
    if as_json:
        figures = _figures(rules=rules, keywords=trivial)
        sys.stdout.write(json.dumps({**figures, "details": same, "whole": wholly}, indent=1) + "\n")
        return 0
    parts = [_table(f"rules, {len(marked)} snippets", rules), _table("keywords alone", trivial)]
    parts += [f"{name}: {right} of {total} as marked" for name, (right, total) in same.items()]
    parts.append(f"{wholly} of {len(marked)} snippets read as marked in full")
    if with_errors:
        parts.append(_errors(marked))
    sys.stdout.write("\n\n".join(parts) + "\n")
    return 0


def _looked_up(again: Sequence[Marked], first: dict[str, tuple[StatedFinding, ...]]) -> Predict:
    by_text = {note.text: first[note.patient] for note in again}
    return lambda text: by_text[text]


if __name__ == "__main__":
    sys.exit(main())
