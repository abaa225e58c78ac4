"""Wherever the watch is killed, each study is drafted once and nothing is lost."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fake_drafts
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from watched import Runner, hash_of, objects

from clinic.watch import spool as spools
from clinic.watch.run import Pace, Watch


class Killed(BaseException):
    """Stands for a process that ends between two steps."""


STEPS = ("replace", "rename", "unlink", "hardlink_to", "mkdir")


@contextmanager
def killed_at(step: int) -> Iterator[None]:
    """Let the process end before the so-many-th change of the disk."""
    left = [step]
    originals = {name: getattr(Path, name) for name in STEPS}

    def guarded(name: str) -> Callable[..., Any]:
        def change(self: Path, *arguments: Any, **options: Any) -> Any:
            if left[0] <= 0:
                raise Killed
            left[0] -= 1
            return originals[name](self, *arguments, **options)

        return change

    for name in STEPS:
        setattr(Path, name, guarded(name))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(Path, name, original)


DATA = (objects(2), objects(1), objects(1))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.integers(0, 40), min_size=1, max_size=4))
def test_wherever_it_is_killed_each_study_is_drafted_once(
    steps: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    runner = Runner(tmp_path_factory.mktemp("killed") / "spool")
    for number, data in enumerate(DATA):
        runner.put(data, str(number))

    class AtOnce:
        """Drafts in this process, so that an example takes no seconds."""

        busy = False

        def start(self, images: Path, out: Path, formats: tuple[str, ...]) -> None:
            self.found, self.busy = fake_drafts.quick(images, out, formats), True

        def outcome(self) -> Any:
            self.busy = False
            return self.found

        def stop(self) -> None:
            pass

    def run() -> None:
        with spools.opened(runner.root) as spool:
            pace = Pace(quiet=0, settle=0, look=0)
            watch = Watch(spool, ("json",), pace, runner.events.append)
            watch._worker = AtOnce()  # type: ignore[assignment]
            watch._since -= 60
            watch.run(threading.Event(), once=True)

    for step in steps:
        try:
            with killed_at(step):
                run()
        except Killed:
            continue
    run()
    done = runner.names("done")
    expected = {hash_of(data) for data in DATA}
    latest: dict[str, frozenset[str]] = {}
    for name in done:
        latest[name.split(".")[0]] = frozenset(
            p.name for p in (runner.root / "done" / name / "images").iterdir()
        )
        assert (runner.root / "done" / name / "draft" / "report.json").exists()
    assert set(latest.values()) == expected
    assert [name for name in done if "." in name] == [], "no study was drafted twice"
    assert not runner.names("working")
    assert not runner.names("quarantine")
    shutil.rmtree(runner.root)
