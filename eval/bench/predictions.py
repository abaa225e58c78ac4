"""A file of predictions: JSON lines, every item of a task once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from eval.records import Record, records, told_at_once
from radixgpt.errors import CaseError

T = TypeVar("T")


def read(
    path: Path, items: Iterable[str], parse: Callable[[str, Record], T], row: str
) -> dict[str, T]:
    """Predictions by item, in the order of the items.

    Args:
        path: the file.
        items: ids of the task's items.
        parse: id and row to what is predicted; raises CaseError where the row is wrong.
        row: an example of a line, for the message.

    Raises:
        CaseError: the file can't be read, or an item is unknown, repeats, is missing or is wrong;
            all problems at once.
    """
    wanted = list(items)
    known = set(wanted)
    problems: list[str] = []
    found: dict[str, T] = {}
    for number, record in records(path, problems):
        name = str(record.get("id", "")).strip()
        where = f"row {number}"
        if name not in known:
            problems.append(f"{where}: {name or 'an empty id'} is no item of this task")
            continue
        if name in found:
            problems.append(f"{where}: {name} is there again")
            continue
        try:
            found[name] = parse(name, record)
        except CaseError as error:
            problems.append(f"{where}: {error.problem.rstrip('.')}")
            known.discard(name)
    seen = {*found, *(set(wanted) - known)}
    problems += [f"{name} is missing" for name in wanted if name not in seen]
    told_at_once(problems, f"Give every item once, such as {row.strip()}")
    return {name: found[name] for name in wanted}
