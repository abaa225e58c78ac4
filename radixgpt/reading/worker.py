"""The decoding process: run as a script by ``radixgpt.reading.decoder``, imports nothing of ours.

Reads requests from standard input (length, JSON, pixel data), writes replies (length, JSON,
values) to standard output, ends when its input ends. Argument: bytes of address space.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import warnings
from typing import Any


def _limit(memory: int) -> None:
    """Cap memory where the system can."""
    try:
        import resource
    except ImportError:  # not on Windows: there only the time is limited
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _decode(request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    import numpy as np
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import UID

    options = request["options"]
    if options["samples_per_pixel"] == 1:
        del options["planar_configuration"]
    try:
        array, _ = get_decoder(UID(request["syntax"])).as_array(data, **options)
    except MemoryError:
        return {"failed": "memory"}, b""
    except (
        *(ValueError, RuntimeError, TypeError, AttributeError, KeyError, IndexError),
        *(OSError, EOFError, NotImplementedError, struct.error, OverflowError),
    ):
        return {"failed": "codec"}, b""
    values = np.ascontiguousarray(array).tobytes()
    return {"dtype": str(array.dtype), "size": len(values)}, values


def main() -> None:
    """Serve requests until the input ends."""
    warnings.simplefilter("ignore")
    # Whatever a codec prints must not get into the replies.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _limit(int(sys.argv[1]))
    requests = sys.stdin.buffer
    while True:
        head = requests.read(4)
        if len(head) < 4:
            return
        request = json.loads(requests.read(struct.unpack("<I", head)[0]))
        reply, values = _decode(request, requests.read(request["size"]))
        encoded = json.dumps(reply).encode()
        replies.write(struct.pack("<I", len(encoded)) + encoded + values)
        replies.flush()


if __name__ == "__main__":
    main()
