"""What transparent models reach on measured features, which a trained network has to beat.

``radixgpt data baselines`` learns them; the figures of the model that cross-validation chose for
each finding are kept in ``finetune/baselines.csv``, and the model card shows them beside the
network's. ``python -m finetune.to_beat out/data/baselines/baselines.json`` keeps new ones.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Mapping
from pathlib import Path

from data.baselines.document import to_beat
from radixgpt.errors import CaseError

TABLE = Path(__file__).parent / "baselines.csv"
_COLUMNS = ("finding", "metric", "model", "value", "low", "high", "patients", "discs")
_METRICS = {
    "quadratic kappa": "Pfirrmann quadratic kappa",
    "within one": "Pfirrmann within one",
    "balanced accuracy": "Pfirrmann balanced accuracy",
}


def keep(document: Path, table: Path = TABLE) -> int:
    """Keep the figures to beat of a ``baselines.json`` and tell how many.

    Raises:
        CaseError: the file is missing or is no document of baselines.
    """
    try:
        marks = json.loads(document.read_text(encoding="utf-8"))["marks"]
        rows = to_beat(marks)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CaseError(
            f"{document.name} holds no baselines.", "Make it: radixgpt data baselines."
        ) from error
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def kept(table: Path = TABLE) -> dict[str, Mapping[str, str]]:
    """The kept rows by the network's name of the figure, such as ``disc_narrowing AUROC``."""
    with table.open(encoding="utf-8", newline="") as file:
        return {_name(row): row for row in csv.DictReader(file) if row["value"]}


def _name(row: Mapping[str, str]) -> str:
    own = f"{row['finding']} {row['metric']}"
    return _METRICS.get(row["metric"], own) if row["finding"] == "pfirrmann" else own


def beside(
    figures: Mapping[str, Mapping[str, float]], rows: Mapping[str, Mapping[str, str]] | None = None
) -> str:
    """The network's figures beside those to beat, as a Markdown table.

    Args:
        figures: figure to its ``value``, ``low`` and ``high``.
        rows: what :func:`kept` gives, by default the kept table.
    """
    lines = [
        "| figure | network | transparent model | which | network higher |",
        "| --- | --- | --- | --- | --- |",
    ]
    known = kept() if rows is None else rows
    for name, figure in figures.items():
        if name in known and not name.endswith("ECE"):
            row = known[name]
            ahead = round(figure["value"], 3) - round(float(row["value"]), 3)
            lines.append(
                f"| {name} | {figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"
                f" | {float(row['value']):.3f} ({float(row['low']):.3f} to"
                f" {float(row['high']):.3f}) | {row['model']}"
                f" | {'yes' if ahead > 0 else 'no' if ahead < 0 else 'equal'} |"
            )
    return "\n".join(lines)


def main() -> None:
    """Keep the figures of a document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("document", type=Path)
    print(f"{keep(parser.parse_args().document)} figures kept in {TABLE.name}")


if __name__ == "__main__":
    main()
