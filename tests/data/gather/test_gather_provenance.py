"""The provenance: whole lines only, whatever a crash leaves; one writer; nothing of the machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.gather import provenance
from data.gather.provenance import Record
from radixgpt.errors import GatherError

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


def record(number: int, path: str | None = None) -> Record:
    return Record(
        path=path or f"gathered/one/{number}.png",
        source="one",
        licence="CC BY 4.0",
        address="https://example.org/one",
        sha256=f"{number:064x}",
        bytes=number,
        gathered_at="2024-01-05",
        citation="Doe et al.",
    )


@given(paths=st.lists(TEXT, min_size=1, max_size=6, unique=True), cut=st.integers(0, 10_000))
def test_what_a_crash_cut_off_is_dropped_and_the_rest_is_kept(
    tmp_path_factory: pytest.TempPathFactory, paths: list[str], cut: int
) -> None:
    file = tmp_path_factory.mktemp("crash") / "provenance.jsonl"
    with provenance.opened(file) as ledger:
        for number, path in enumerate(paths):
            ledger.write(record(number, path))
    data = file.read_bytes()
    kept = data[: cut % (len(data) + 1)]
    file.write_bytes(kept)
    whole = kept.count(b"\n")
    assert list(provenance.read(file)) == paths[:whole]
    with provenance.opened(file) as ledger:
        assert list(ledger.records) == paths[:whole]
        ledger.write(record(99, "after the crash"))
    assert list(provenance.read(file)) == [*paths[:whole], "after the crash"]


def test_the_last_line_of_a_path_counts(tmp_path: Path) -> None:
    file = tmp_path / "provenance.jsonl"
    with provenance.opened(file) as ledger:
        ledger.write(record(1, "a"))
        ledger.write(record(2, "a"))
    assert provenance.read(file)["a"].bytes == 2


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{}", "path"),
        ("not json", "line"),
        (record(1).model_dump_json().replace(f"{1:064x}", "short"), "sha256"),
        ('{"name": "DOE^JANE"}', "line 2"),
    ],
)
def test_a_line_that_is_no_record_is_named_and_not_quoted(
    tmp_path: Path, line: str, told: str
) -> None:
    file = tmp_path / "provenance.jsonl"
    file.write_text(record(1).model_dump_json() + "\n" + line + "\n")
    with pytest.raises(GatherError) as caught:
        provenance.read(file)
    assert "line 2" in caught.value.problem
    assert told in caught.value.problem
    assert "JANE" not in str(caught.value)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "provenance.jsonl"
    other = (
        "import sys; from pathlib import Path; from data.gather import provenance\n"
        "from radixgpt.errors import GatherError\n"
        "try:\n"
        "    with provenance.opened(Path(sys.argv[1])): print('in')\n"
        "except GatherError as error: print(error.problem)\n"
    )
    command = [sys.executable, "-c", other, str(file)]
    with provenance.opened(file):
        held = subprocess.run(command, capture_output=True, text=True, check=True)
    free = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Another process" in held.stdout
    assert free.stdout == "in\n"


def test_nothing_gathered_is_no_error(tmp_path: Path) -> None:
    assert provenance.read(tmp_path / "provenance.jsonl") == {}
