"""The lines of a text table, whatever its encoding, in constant memory.

UTF-8 with or without a mark, and UTF-16 with a mark or with the zero bytes that give it away, are
read as they are. A line of a UTF-8 table that isn't UTF-8 was saved as Windows-1252 by a
spreadsheet; it is read so, and marked as such.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from radixgpt.errors import CaseError

LONGEST = 1 << 17
"""Characters of a row that are read at most: far more than any report has."""
_HEAD = 1 << 16
_FEW_ZEROS = 0.02  # share of the bytes; fewer are damage, which costs their lines alone
_KINDS = (
    (b"PK\x03\x04", "a spreadsheet or archive"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet"),
    (b"\x1f\x8b", "a compressed file"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)
_SAVE_AS = "Save it as CSV UTF-8."


@dataclass(frozen=True)
class Line:
    """One line of a table.

    Attributes:
        text: with its line end; empty where ``problem`` says why it can't be read.
        number: from 1, as a text editor counts.
        end: bytes of the file up to here.
        guessed: read as Windows-1252, as it isn't UTF-8.
        problem: what is wrong with it, or nothing.
    """

    text: str
    number: int
    end: int
    guessed: bool = False
    problem: str = ""


def lines(path: Path, name: str, *, longest: int = LONGEST) -> Iterator[Line]:
    """The lines of a file, one at a time.

    Args:
        path: the file.
        name: what it is called in messages.
        longest: bytes that a line may have.

    Raises:
        CaseError: the file is missing, empty, or isn't a text.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            _check_is_text(head, name)
            file.seek(0)
            wide = _wide(head)
            if wide:
                yield from _wide_lines(file, wide, name, longest)
            else:
                file.seek(3 if head.startswith(codecs.BOM_UTF8) else 0)
                yield from _narrow_lines(file, longest)
    except FileNotFoundError as error:
        raise CaseError(f"{name} is missing.", "Gather the source again.") from error
    except IsADirectoryError as error:
        raise CaseError(f"{name} is a folder, not a table.", "Gather the source again.") from error
    except OSError as error:
        raise CaseError(
            f"{name} can't be read: {error.strerror}.", "Check the disk and the permissions."
        ) from error


def _check_is_text(head: bytes, name: str) -> None:
    if not head.strip():
        raise CaseError(f"{name} is empty.", "Put a table into it, or take it away.")
    for start, kind in _KINDS:
        if head.startswith(start):
            raise CaseError(f"{name} is {kind}, not a text table.", _SAVE_AS)
    if head.count(0) > _FEW_ZEROS * len(head) and _wide(head) is None:
        raise CaseError(f"{name} is not a text.", _SAVE_AS)
    if b"\r" in head and b"\n" not in head and _wide(head) is None:
        raise CaseError(f"{name} has the line ends of old Macs, which aren't read.", _SAVE_AS)


def _wide(head: bytes) -> str | None:
    """The UTF-16 encoding that a file has by its mark or its zero bytes, or None."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    sample = head[: len(head) // 2 * 2]
    zeros = (sample[0::2].count(0), sample[1::2].count(0))
    enough = 0.3 * len(sample) / 2
    if zeros[1] > enough and not zeros[0]:
        return "utf-16-le"
    return "utf-16-be" if zeros[0] > enough and not zeros[1] else None


def _narrow_lines(file: IO[bytes], longest: int) -> Iterator[Line]:
    number = 0
    while raw := file.readline(longest):
        number += 1
        problem = ""
        if not raw.endswith(b"\n") and len(raw) == longest:
            problem = f"is longer than {longest} bytes"
            while (rest := file.readline(longest)) and not rest.endswith(b"\n"):
                pass
        elif b"\0" in raw:
            problem = "holds zero bytes"
        text, guessed = "", False
        if not problem:
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError:
                guessed = True
                try:
                    text = raw.decode("cp1252")
                except UnicodeDecodeError:
                    problem = "is neither UTF-8 nor Windows-1252 text"
        yield Line(text, number, file.tell(), guessed, problem)


def _wide_lines(file: IO[bytes], encoding: str, name: str, longest: int) -> Iterator[Line]:
    number = 0
    with io.TextIOWrapper(file, encoding=encoding, newline="") as text:
        try:
            while line := text.readline(longest):
                number += 1
                problem = ""
                if not line.endswith("\n") and len(line) == longest:
                    problem = f"is longer than {longest} characters"
                    while (rest := text.readline(longest)) and not rest.endswith("\n"):
                        pass
                # The text runs ahead of this by what is buffered, which is no harm to progress.
                yield Line("" if problem else line, number, file.tell(), False, problem)
        except UnicodeError as error:
            raise CaseError(
                f"{name}, after line {number}: the UTF-16 text is broken.", _SAVE_AS
            ) from error
