"""What is stated, in words: nothing without a verdict reads like one."""

from __future__ import annotations

from agent.session import Session
from radixgpt.finding import Finding
from ui import statement


def test_certainty_names_who_said_it() -> None:
    measured = Finding(id="f1", level="L4-L5", kind="slip_mm", value=6.04, unit="mm")
    assert statement.certainty(measured) == "L4-L5 slip: 6.04 mm, measured"
    by_hand = Finding(id="f2", level="L4-L5", kind="pfirrmann", value=3, set_by_reader=True)
    assert statement.certainty(by_hand).endswith("set by the reader")
    missing = Finding(id="f3", level="L4-L5", kind="modic", status="not_assessable", reason="no T1")
    assert statement.certainty(missing) == "L4-L5 Modic endplate change: not assessed (no T1)"


def test_no_probability_reads_as_certainty() -> None:
    sure = Finding(id="f1", level="L4-L5", kind="disc_bulging", value="absent", confidence=0.999)
    assert statement.certainty(sure).endswith("absent, probability >0.99")


def test_a_level_is_told_briefly_and_whole(session: Session) -> None:
    rows = {
        row["title"]: row["value"]
        for row in statement.of_level(statement.statements(session), "L4-L5")
    }
    assert (rows["Pfirrmann"], rows["bulging"]) == ("4", "present")
    assert "herniation (0.91)" in rows["not seen"]
    assert "slip" in rows["not seen"]
    assert "bulging" not in rows["not seen"]
    assert "not assessed" not in rows


def test_what_was_not_assessed_is_never_among_what_was_not_seen() -> None:
    said = (
        Finding(id="f1", level="L4-L5", kind="modic", status="not_assessable", reason="no T1"),
        Finding(
            id="f2", level="L4-L5", kind="disc_bulging", status="indeterminate", reason="close"
        ),
        Finding(id="f3", level="L4-L5", kind="canal_mm", value=12.34, unit="mm"),
    )
    rows = {row["title"]: row for row in statement.of_level(said, "L4-L5")}
    assert "Modic" in rows["not assessed"]["value"]
    assert "herniation" in rows["not assessed"]["value"]
    assert rows["bulging"] == {"title": "bulging", "value": "indeterminate", "source": "close"}
    assert rows["measured"]["value"] == "canal 12.3 mm"
    assert "not seen" not in rows


def test_a_length_that_the_reader_set_is_not_called_measured() -> None:
    said = tuple(
        Finding(id=kind, level="L4-L5", kind=kind, value=size, unit="mm", set_by_reader=own)
        for kind, size, own in (("canal_mm", 11.0, True), ("disc_height_mm", 7.7, False))
    )
    assert statement.certainty(said[0]).endswith("11.00 mm, set by the reader")
    rows = {row["title"]: row["value"] for row in statement.of_level(said, "L4-L5")}
    assert rows["set by the reader"] == "canal 11.0 mm"
    assert rows["measured"] == "height 7.7 mm"
