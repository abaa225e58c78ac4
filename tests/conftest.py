"""Shared fixtures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Two workers share two cores: each computes on one. Set before torch is imported.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same examples at every run of CI, so that a red run has a cause in the change; developers'
# runs keep searching. No deadline: two busy cores are no measure of time.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("search", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "search")

pytest_plugins = [
    "tiny_vlms",
    "chat_server",
    "traffic",
    "recordings",
    "tiny_clip",
    "tiny_sd",
    "orthanc_server",
]  # in tests/support

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data, or a skip that says it is not there."""
    folder = Path(os.environ.get("RADIXGPT_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("real data is not here: set RADIXGPT_SHARED_DATA to run this test")
    return folder
