"""The chain of a record: what is done to it afterwards is told."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.asked import Heard
from agent.audit import lines
from agent.audit.lines import Did, LookLine, ReportLine, SaidLine
from agent.audit.recorder import Recorder
from agent.pipeline import Reading, write
from radixgpt.errors import AuditError


@pytest.fixture(scope="module")
def text(make_reading: Callable[..., Reading]) -> str:
    seen = make_reading()
    recorder = Recorder(words=True)
    recorder.begin("chat", seen.study)
    recorder.looked(seen)
    recorder.said(1, "what is at L4-L5?", Heard())
    recorder.modelled(1, [], "", [{"name": "get_findings", "args": {"levels": ["L4-L5"]}}])
    recorder.answered(1, "L4-L5: Disc herniation.", 0)
    recorder.reported(write(seen), do="draft", style="standard")
    return recorder.text()


def test_a_whole_record_is_read(text: str) -> None:
    record = lines.read(text.encode())
    kinds = [line.kind for line in record.lines]
    assert kinds == ["begin", "study", "look", "said", "model", "answer", "report"]
    rows = text.splitlines()
    assert record.seal == lines.sha256(rows[-1])
    for before, row in itertools.pairwise(rows):
        assert json.loads(row)["before"] == lines.sha256(before)
    assert record.report == json.loads(rows[-2])["sha256"]


def _edit(rows: list[str], number: int, change: Callable[[dict[str, object]], object]) -> None:
    facts = json.loads(rows[number])
    change(facts)
    rows[number] = lines.canonical(facts)


@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        (lambda r: r.pop(), "its end is missing"),
        (lambda r: r.pop(3), "Line 4 .* moved, left out"),
        (lambda r: r.pop(0), "Line 1 .* moved, left out"),
        (lambda r: r.insert(3, r[3]), "Line 5 .* put in"),
        (lambda r: r.insert(2, r.pop(3)), "Line 3 .* moved"),
        (lambda r: r.append(r[-1]), "put in"),
        (lambda r: r.clear(), "no beginning"),
        (lambda r: r.insert(2, ""), "not a line"),
        (lambda r: _edit(r, 2, lambda f: f.update(seconds=3)), "line 3 was altered"),
        (lambda r: _edit(r, 6, lambda f: f.update(sha256="0" * 64)), "line 7 was altered"),
        (lambda r: _edit(r, 7, lambda f: f.update(note="x")), "Line 8 .* says what no line"),
        (lambda r: _edit(r, 0, lambda f: f.update(format=9)), "line 1 was altered|format 9"),
        (lambda r: r.__setitem__(1, r[1].replace(",", ", ", 1)), "Line 2 .* as it was written"),
        (lambda r: r.__setitem__(1, "[" * 100_000), "not a line"),
    ],
)  # fmt: skip
def test_a_tampered_record_is_told(
    text: str, tamper: Callable[[list[str]], object], told: str
) -> None:
    rows = text.splitlines()
    tamper(rows)
    with pytest.raises(AuditError, match=told):
        lines.read("".join(f"{row}\n" for row in rows).encode())


def test_a_record_cut_off_within_a_line_is_told(text: str) -> None:
    with pytest.raises(AuditError, match="middle of a line"):
        lines.read(text.encode()[:-20])


def test_a_record_made_anew_has_another_seal(text: str) -> None:
    record = lines.read(text.encode())
    forged = [one for one in record.lines if not isinstance(one, SaidLine)]
    again = lines.read(lines.text_of(lines.chained(forged)).encode())
    assert again.seal != record.seal


@given(data=st.data())
def test_any_changed_byte_is_told(text: str, data: st.DataObject) -> None:
    raw = bytearray(text.encode())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] = data.draw(st.integers(0, 255).filter(lambda b: b != raw[place]))
    with pytest.raises(AuditError):
        lines.read(bytes(raw))


@given(raw=st.binary(max_size=300))
def test_anything_else_is_no_record(raw: bytes) -> None:
    with pytest.raises(AuditError):
        lines.read(raw)


def test_no_word_of_anybody_is_in_a_record(make_reading: Callable[..., Reading]) -> None:
    secret = "Jane Doe, born 1960-01-02, in /mnt/jane"
    recorder = Recorder()
    recorder.begin("chat", make_reading().study, llm="gguf:/mnt/jane/doe/x.gguf")
    recorder.said(1, secret, Heard())
    recorder.modelled(
        1,
        [secret],
        secret,
        [
            {"name": secret, "args": {}},
            {
                "name": "shift_numbering",
                "args": {"by": 19600102, secret: [secret], "x": {"y": 1.5}},
            },
            {"name": "get_findings", "args": {"levels": ["L4-L5", secret], "which": "worst"}},
        ],
    )
    recorder.ran(1, {"name": "check_caption", "args": {"caption": secret}}, secret, None)
    recorder.answered(1, secret, 0)
    kept = recorder.text()
    for part in ("Jane", "Doe", "1960", "doe"):
        assert part not in kept
    assert '"L4-L5"' in kept
    assert '"worst"' in kept
    assert lines.read(kept.encode()).begin.llm == "gguf:x.gguf"


def test_the_clock_is_taken_over_when_a_run_is_made_again() -> None:
    again = Recorder(clock=[1.5, 2.5])
    assert [again.took(9.0), again.took(9.0), again.took(9.0)] == [1.5, 2.5, 9.0]
    assert Recorder().took(9.0) == 9.0


def test_a_line_says_nothing_but_what_it_may() -> None:
    with pytest.raises(ValueError, match="seconds"):
        LookLine(level_shift=0, models={}, seen="0" * 64, seconds=-1)
    with pytest.raises(ValueError, match="do"):
        ReportLine(did=Did.model_validate({"do": "load"}), sha256=None)
