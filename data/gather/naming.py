"""Names that tell nothing: keyed hashes in place of names of files, folders, studies and series.

File and folder names of a hospital's export often hold a patient's name or number. The key lies in
the workspace, so that a second run finds the names of the first, and nobody without it can try
names against the hashes.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from radixgpt.errors import GatherError
from radixgpt.key_file import load_or_make
from radixgpt.reading.identity import Keyring

KEY_FILE = ".key"


def keyring(workspace: Path) -> Keyring:
    """The keyring of a workspace; its key is made when it is first asked for.

    Raises:
        GatherError: the key is damaged, or can't be read or written.
    """
    try:
        key = load_or_make(workspace / KEY_FILE)
    except OSError as error:
        raise GatherError(
            f"The workspace's key can't be read or written: {error.strerror}.",
            "Name a workspace that you may write to, with -w.",
        ) from error
    except ValueError:
        raise GatherError(
            "The workspace's key is damaged.",
            "Restore it, or gather into a new workspace: with a new key, files get new names.",
        ) from None
    return Keyring(key)


def of_path(keys: Keyring, home: str, where: str, suffix: str) -> str:
    """A name for a file: the same folders as its path has, each part a hash.

    Args:
        keys: the keyring of the workspace.
        home: what the path starts from; it keeps equal paths of two homes apart.
        where: path with forward slashes.
        suffix: of the new name.
    """
    steps = list(PurePosixPath(where).parts)
    hashed = [
        keys.digest("gathered-path", f"{home}\0" + "/".join(steps[:end])).hex()[:16]
        for end in range(1, len(steps) + 1)
    ]
    return "/".join(hashed) + suffix


def of_instance(keys: Keyring, study: str, series: str, instance: str) -> str:
    """A name for a DICOM object from its UIDs: a folder a study, in it a folder a series."""
    study_key, series_key, instance_key = (
        keys.digest(domain, uid).hex()[:16]
        for domain, uid in (("study", study), ("series", series), ("instance", instance))
    )
    return f"study-{study_key}/series-{series_key}/{instance_key}.dcm"
