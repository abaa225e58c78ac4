"""Where blocks of work run: here, in worker processes, or on a Ray cluster; results are the same.

Blocks are handed out as workers become free, and given back in their order. At most a few blocks a
worker are under way, so the memory needed does not grow with the corpus.
"""

from __future__ import annotations

import logging
import os
import pickle
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

from radixgpt.errors import MissingPackageError, SettingsError


class EngineName(StrEnum):
    """The engines by name."""

    SERIAL = "serial"
    PROCESSES = "processes"
    RAY = "ray"


Work = Callable[[Any, Any], Any]
"""What all blocks share, and one block, to the block's result; a function of a module."""
Fetch = Callable[[], Any]
_AHEAD = 3
"""Blocks under way a worker."""
_PATIENCE = 30.0
"""Seconds in which a process of a local Ray has to end."""


class Map(Protocol):
    """Work over blocks, results in the order of the blocks."""

    def __call__(self, work: Work, blocks: Iterable[Any], shared: Any = None) -> Iterator[Any]:
        """Map ``work`` over ``blocks``; ``shared`` is sent to each worker once."""
        ...


def engine(name: EngineName, workers: int = 1) -> AbstractContextManager[Map]:
    """A map over blocks, open while its workers are there.

    Args:
        name: serial runs here, processes in worker processes of this machine, Ray on the cluster
            that ``RAY_ADDRESS`` names, or else a local one.
        workers: processes, or CPUs of a local Ray.

    Raises:
        MissingPackageError: Ray is asked for and not installed.
        SettingsError: the cluster can't be reached, or a local Ray not started.
    """
    if name is EngineName.RAY:
        return _ray(workers)
    return _processes(workers) if name is EngineName.PROCESSES and workers > 1 else _serial()


@contextmanager
def _serial() -> Iterator[Map]:
    def here(work: Work, blocks: Iterable[Any], shared: Any = None) -> Iterator[Any]:
        for block in blocks:
            yield work(shared, block)

    yield here


@contextmanager
def _processes(workers: int) -> Iterator[Map]:
    # Forking a process that holds threads is unsafe; spawned ones start clean.
    with get_context("spawn").Pool(workers) as pool, tempfile.TemporaryDirectory() as folder:

        def there(work: Work, blocks: Iterable[Any], shared: Any = None) -> Iterator[Any]:
            with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
                pickle.dump(shared, file)

            def start(block: Any) -> Fetch:
                return pool.apply_async(_with_file, (work, file.name, block)).get

            return _in_order(start, blocks, workers * _AHEAD)

        yield there


@lru_cache(maxsize=1)
def _loaded(path: str) -> Any:
    return pickle.loads(Path(path).read_bytes())  # noqa: S301  written by this run's own parent


def _with_file(work: Work, path: str, block: Any) -> Any:
    return work(_loaded(path), block)


@contextmanager
def _ray(workers: int) -> Iterator[Map]:
    try:
        import ray
    except ImportError as error:
        raise MissingPackageError(
            "Ray is not installed.", "Install it: pip install -e '.[eval]' -c lock.txt."
        ) from error
    ours = not ray.is_initialized()
    if ours:
        address = os.environ.get("RAY_ADDRESS")
        local: dict[str, Any] = {} if address else {"num_cpus": workers}
        try:
            ray.init(
                address=address,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.WARNING,
                **local,
            )
        except (ConnectionError, RuntimeError, ValueError) as error:
            where = f"at {address[:60]}" if address else "on this machine"
            raise SettingsError(
                f"Ray can't be reached or started {where} ({type(error).__name__}).",
                "Start the cluster and check RAY_ADDRESS, or use --engine processes.",
            ) from error
    remote = ray.remote(num_cpus=1)(_on_ray)
    try:

        def there(work: Work, blocks: Iterable[Any], shared: Any = None) -> Iterator[Any]:
            held = ray.put(shared)

            def start(block: Any) -> Fetch:
                handle = remote.remote(work, held, block)
                return lambda: ray.get(handle)

            return _in_order(start, blocks, workers * _AHEAD)

        yield there
    finally:
        if ours:
            _end(ray)


def _end(ray: Any) -> None:
    """End a local Ray and wait for its processes, which it leaves as zombies otherwise."""
    node = getattr(ray._private.worker, "_global_node", None)
    started = [
        one.process
        for those in getattr(node, "all_processes", {}).values()
        for one in those
        if one.process is not None
    ]
    ray.shutdown()
    for process in started:
        process.wait(_PATIENCE)


def _on_ray(work: Work, shared: Any, block: Any) -> Any:
    return work(shared, block)


def _in_order(start: Callable[[Any], Fetch], blocks: Iterable[Any], ahead: int) -> Iterator[Any]:
    waiting: deque[Fetch] = deque()
    for block in blocks:
        waiting.append(start(block))
        if len(waiting) >= ahead:
            yield waiting.popleft()()
    while waiting:
        yield waiting.popleft()()
