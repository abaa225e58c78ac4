"""The process of one adapter: started when it is first asked, kept, and ended."""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from radixgpt.errors import MissingPackageError, RadixError, SettingsError, WeightsError

WORKER = Path(__file__).with_name("worker.py")
_SAID = 240


@dataclass(frozen=True)
class Adapter:
    """How one adapter is run.

    Attributes:
        python: the interpreter of its environment; empty for the one that runs this.
        options: ``model`` and what else ``worker.py`` takes, by name.
    """

    python: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


class Process:
    """A running ``worker.py``.

    Attributes:
        version: what the worker says it is, for the signature.

    Raises:
        MissingPackageError: the Python or the package is not there.
        WeightsError: the weights are not there.
        SettingsError: an option can't be used.
        RadixError: the worker ended.
    """

    def __init__(self, name: str, adapter: Adapter) -> None:
        self._name = name
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        python = adapter.python or sys.executable
        try:
            self._process = subprocess.Popen(  # noqa: S603  no shell; the user's own interpreter
                [python, "-I", str(WORKER), name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                encoding="utf-8",
            )
        except OSError as error:
            self._errors.close()
            raise MissingPackageError(
                f"{name}: its Python can't be started.",
                f"Set adapter_python to the interpreter of an environment for {name}.",
            ) from error
        try:
            said = self._ask(dict(adapter.options))
            if "missing" in said:
                raise _lack(name, said)
            if "ready" not in said:
                raise self._failed("it is no worker of a metric")
            self.version = str(said["ready"])
        except RadixError:
            self.close()
            raise

    def results(self, candidates: Sequence[str], references: Sequence[Sequence[str]]) -> list[Any]:
        """What the metric says of each candidate and its references.

        Raises:
            RadixError: the worker ended, or answers for another number of candidates.
        """
        asked = {"candidates": list(candidates), "references": [list(r) for r in references]}
        found = self._ask(asked).get("results")
        if not isinstance(found, list) or len(found) != len(candidates):
            raise self._failed("it answered for another number of texts")
        return found

    def close(self) -> None:
        """End the worker; a second call does nothing."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()
        self._process.kill()
        self._process.wait()
        self._errors.close()

    def _ask(self, value: object) -> dict[str, Any]:
        assert self._process.stdin is not None, "it was opened as a pipe"
        assert self._process.stdout is not None, "it was opened as a pipe"
        try:
            self._process.stdin.write(json.dumps(value) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except (OSError, ValueError) as error:
            raise self._failed("it ended") from error
        if not line:
            raise self._failed("it ended")
        try:
            found = json.loads(line)
        except ValueError as error:
            raise self._failed("it answered no JSON") from error
        if not isinstance(found, dict):
            raise self._failed("it answered no object")
        return found

    def _failed(self, how: str) -> RadixError:
        last = ""
        if not self._errors.closed:
            self._process.poll()
            self._errors.seek(0)
            lines = self._errors.read().strip().splitlines()
            # The kind of the error alone: what follows may quote a report.
            last = lines[-1].split(":")[0][:_SAID].rstrip(". ") if lines else ""
        return RadixError(
            f"{self._name}: its process failed: {last or how}.",
            f"Try the metric's own package in that Python, or leave {self._name} out.",
        )


def _lack(name: str, said: Mapping[str, Any]) -> RadixError:
    kinds: dict[str, type[RadixError]] = {"package": MissingPackageError, "settings": SettingsError}
    kind = kinds.get(str(said.get("kind")), WeightsError)
    return kind(f"{name}: {said['missing']}.", str(said["mend"]))


_RUNNING: dict[str, Process] = {}
_VERSIONS: dict[str, str] = {}


def running(name: str, adapter: Adapter) -> Process:
    """This process's one worker of a metric, started when it is first asked for."""
    if name not in _RUNNING:
        _RUNNING[name] = Process(name, adapter)
        _VERSIONS[name] = _RUNNING[name].version
        atexit.register(_RUNNING[name].close)
    return _RUNNING[name]


def version(name: str, adapter: Adapter) -> str:
    """What the worker of a metric says it is, also after it has ended."""
    return _VERSIONS.get(name) or running(name, adapter).version


def close(name: str) -> None:
    """End this process's worker of a metric, if there is one."""
    process = _RUNNING.pop(name, None)
    if process is not None:
        atexit.unregister(process.close)
        process.close()
