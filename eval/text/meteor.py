"""METEOR 1.5 (Denkowski and Lavie, WMT 2014) by its own Java program, as COCO's evaluation runs it.

The program aligns a pair and states its alignment in numbers that add up; the score is computed
from them here, of a pair or of a corpus, as the program itself would. Its jar and its paraphrases
come with pycocoevalcap, and nothing else of that package is used.
"""

from __future__ import annotations

import atexit
import shutil
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from eval.text.ngrams import Floats
from radixgpt.errors import MissingPackageError, RadixError

STATISTICS = 23
"""Numbers a pair: 4 lengths, 4 counts of matches for each of 4 matchers, chunks, matched words.

Lengths and counts are of candidate and reference, first all (lengths) or content words (matches),
then function words.
"""
ALPHA, BETA, GAMMA, DELTA = 0.85, 0.2, 0.6, 0.75
"""The program's own values for English."""
WEIGHTS = (1.0, 0.6, 0.8, 0.6)
"""Of exact, stem, synonym and paraphrase matches."""

_MEMORY = "-Xmx2G"


def missing() -> MissingPackageError | None:
    """What METEOR lacks on this machine; None where it can run."""
    try:
        _found()
    except MissingPackageError as error:
        return error
    return None


def _found() -> tuple[str, Path]:
    """Java and the jar.

    Raises:
        MissingPackageError: one of them is not there.
    """
    package = find_spec("pycocoevalcap")
    folders = (package and package.submodule_search_locations) or ()
    jars = [jar for folder in folders for jar in (Path(folder) / "meteor").glob("meteor-*.jar")]
    if not jars:
        raise MissingPackageError(
            "METEOR: no pycocoevalcap, which has its program.",
            "Install it: pip install -e '.[eval]' -c lock.txt.",
        )
    java = shutil.which("java")
    if java is None:
        raise MissingPackageError(
            "METEOR: no Java.", "Install a Java runtime (8 or later), so that `java` is found."
        )
    return java, jars[0]


class Program:
    """One Java process, which ends with :meth:`close` or when this process does.

    Raises:
        MissingPackageError: Java or the jar is not there.
    """

    def __init__(self) -> None:
        java, jar = _found()
        options = (_MEMORY, "-Dfile.encoding=UTF-8", "-jar", str(jar))
        self._process = subprocess.Popen(  # noqa: S603  no shell, and no word of a user's
            [java, *options, "-", "-", "-stdio", "-l", "en", "-norm"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            cwd=jar.parent,
        )

    def statistics(self, candidate: Sequence[str], references: Sequence[Sequence[str]]) -> Floats:
        """The alignment of a candidate with the reference that it fits best, (STATISTICS,).

        Args:
            candidate: its tokens.
            references: tokens of one or more references.

        Raises:
            RadixError: the program ended or answered something else.
        """
        line = " ||| ".join(["SCORE", *map(_plain, references), _plain(candidate)])
        numbers = self._ask(line).split()[:STATISTICS]
        if len(numbers) < STATISTICS:
            raise _failed(f"it answered {len(numbers)} numbers")
        row = np.array(numbers, float)
        if row[20] == 1 and (row[4:20].reshape(4, 2, 2).sum(axis=(0, 1)) == row[:2]).all():
            row[20] = 0  # as the program adds: all of both texts in one piece is no fragment
        return row

    def scores(self, statistics: Floats) -> tuple[Floats, float]:
        """The program's own scores: of each of (n, STATISTICS) alignments, and of the corpus."""
        parts = [" ".join(map(str, row)) for row in statistics]
        first = self._ask(" ||| ".join(["EVAL", *parts]))
        rest = [self._read() for _ in parts]
        return np.array([first, *rest[:-1]], float), float(rest[-1])

    def close(self) -> None:
        """End the process; a second call does nothing."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()
        self._process.kill()
        self._process.wait()

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None, "it was opened as a pipe"
        try:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError) as error:
            raise _failed("it ended") from error
        return self._read()

    def _read(self) -> str:
        assert self._process.stdout is not None, "it was opened as a pipe"
        line = self._process.stdout.readline()
        if not line:
            raise _failed("it ended")
        return line.strip()


def _failed(how: str) -> RadixError:
    return RadixError(
        f"METEOR's Java program failed: {how}.", "Try `java -version`, or leave METEOR out."
    )


def _plain(tokens: Sequence[str]) -> str:
    """One line in which nothing looks like the program's own separator."""
    return " ".join(" ".join(tokens).replace("|||", "| | |").split())


@lru_cache(maxsize=1)
def program() -> Program:
    """This process's one Java program, started when it is first asked for."""
    started = Program()
    atexit.register(started.close)
    return started


def close() -> None:
    """End this process's Java program, if there is one."""
    if program.cache_info().currsize:
        running = program()
        program.cache_clear()
        atexit.unregister(running.close)
        running.close()


def score(statistics: Floats) -> Floats:
    """METEOR of (n, STATISTICS) alignments, (n,) in [0, 1]; of their sum for the corpus."""
    lengths, matches = statistics[:, :4], statistics[:, 4:20].reshape(-1, 4, 4)
    chunks, words = statistics[:, 20], statistics[:, 21:23].sum(axis=1) / 2
    content, function = lengths[:, :2] - lengths[:, 2:], lengths[:, 2:]
    length = DELTA * content + (1 - DELTA) * function
    matched = np.einsum(
        "s,nsk->nk", np.array(WEIGHTS), DELTA * matches[:, :, :2] + (1 - DELTA) * matches[:, :, 2:]
    )
    share = np.divide(matched, length, out=np.zeros_like(matched), where=length > 0)
    precision, recall = share[:, 0], share[:, 1]
    bottom = (1 - ALPHA) * recall + ALPHA * precision
    mean = np.divide(precision * recall, bottom, out=np.zeros(len(bottom)), where=bottom > 0)
    fragments = np.divide(chunks, words, out=np.zeros(len(chunks)), where=words > 0)
    scores: Floats = np.maximum(mean * (1 - GAMMA * fragments**BETA), 0.0)
    return scores
