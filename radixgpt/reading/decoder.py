"""Decodes compressed pixels in a process of its own, with a limit on memory and time.

A codec that crashes, hangs or asks for all memory takes that process with it and nothing else:
the object goes to the quarantine list and the next one gets a fresh process. The process sees
pixel data and the numbers that describe them, never a header.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from radixgpt.reading.dataset import DEFLATED, EXPLICIT
from radixgpt.reading.limits import Limits
from radixgpt.reading.reasons import rejected

if TYPE_CHECKING:
    from radixgpt.reading.pixels import PixelFacts

_WORKER = Path(__file__).with_name("worker.py")
_MOST_STARTS = 8
_DTYPES = frozenset({"uint8", "int8", "uint16", "int16", "uint32", "int32"})


class Decoder:
    """A decoding process, started when it is first needed; a context manager."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0

    def __enter__(self) -> Decoder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def decode(self, data: bytes, syntax: str, found: PixelFacts) -> npt.NDArray[Any]:
        """Decode all frames.

        Args:
            data: value of the pixel data element.
            syntax: transfer syntax UID.
            found: the image pixel module.

        Returns:
            Shape (frames, rows, columns), or (frames, rows, columns, 3) as red, green, blue.

        Raises:
            RejectedObjectError: ``decode-failed``, ``decode-limit`` or ``lying-header``.
        """
        request = {
            # Unpacked by now, a deflated data set is an explicit one.
            "syntax": EXPLICIT if syntax == DEFLATED else syntax,
            "size": len(data),
            "options": {
                "rows": found.rows,
                "columns": found.columns,
                "number_of_frames": found.frames,
                "samples_per_pixel": found.samples,
                "photometric_interpretation": found.photometric,
                "planar_configuration": found.planar,
                "bits_allocated": found.allocated,
                "bits_stored": found.stored,
                "pixel_representation": int(found.signed),
                "pixel_keyword": "PixelData",
                "pixel_vr": "OB" if found.allocated == 8 else "OW",
            },
        }
        process = self._running()
        alarm = threading.Timer(self._limits.decode_seconds, process.kill)
        alarm.start()
        try:
            _send(process.stdin, request, data)
            reply, values = _receive(process.stdout, self._limits.image_bytes)
        except (OSError, EOFError, ValueError):
            timed_out = not alarm.is_alive()
            self._stop()
            raise rejected("decode-limit" if timed_out else "decode-failed") from None
        finally:
            alarm.cancel()
            alarm.join()
        return _as_array(reply, values, found)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            if self._starts >= _MOST_STARTS:
                raise rejected("decode-failed")
            self._starts += 1
            # -P: this folder's modules must not hide those of the libraries.
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", str(_WORKER), str(self._limits.decode_bytes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue
        process.wait()


def _send(pipe: IO[bytes] | None, request: dict[str, Any], data: bytes) -> None:
    if pipe is None:
        raise EOFError
    head = json.dumps(request).encode()
    pipe.write(struct.pack("<I", len(head)) + head)
    pipe.write(data)
    pipe.flush()


def _receive(pipe: IO[bytes] | None, most: int) -> tuple[dict[str, Any], bytes]:
    if pipe is None:
        raise EOFError
    (length,) = struct.unpack("<I", _exactly(pipe, 4))
    if length > 4096:
        raise ValueError
    reply: dict[str, Any] = json.loads(_exactly(pipe, length))
    size = int(reply.get("size", 0))
    if not 0 <= size <= most:
        raise ValueError
    return reply, _exactly(pipe, size)


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _as_array(reply: dict[str, Any], values: bytes, found: PixelFacts) -> npt.NDArray[Any]:
    """Check the worker's reply against the header and shape it."""
    failed = reply.get("failed")
    if failed is not None:
        raise rejected("decode-limit" if failed == "memory" else "decode-failed")
    shape = (found.frames, found.rows, found.columns, *((3,) if found.samples == 3 else ()))
    dtype = str(reply.get("dtype"))
    if dtype not in _DTYPES:
        raise rejected("unsupported-pixels")
    kind = np.dtype(dtype)
    if len(values) != int(np.prod(shape)) * kind.itemsize:
        raise rejected("lying-header")
    return np.frombuffer(values, dtype=kind).reshape(shape)
