"""A secret key in a file of its own, made when it is first asked for."""

from __future__ import annotations

import secrets
from pathlib import Path

KEY_BYTES = 32


def load_or_make(path: Path) -> bytes:
    """The key in a file that only its owner may read; a new one where there is no such file.

    Two processes that ask at once get the same key.

    Raises:
        OSError: it can't be read or written.
        ValueError: the file holds no key.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        new.touch(mode=0o600)
        try:
            new.write_bytes(secrets.token_bytes(KEY_BYTES))
            path.hardlink_to(new)  # unlike a rename, it never takes the place of another's
        except FileExistsError:
            pass
        finally:
            new.unlink()
    with path.open("rb") as file:  # a device or another large file is no key: read no more of it
        key = file.read(KEY_BYTES + 1)
    if len(key) != KEY_BYTES:
        raise ValueError("the file holds no key")
    return key
