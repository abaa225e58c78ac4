"""The answers on what was measured: a sentence for one level, a table for several."""

from __future__ import annotations

from collections.abc import Mapping

from agent import content as c
from radixgpt.finding import Finding

QUANTITY = {"disc_height": "disc height", "canal": "midline canal depth", "slip": "slip"}
"""The measured quantities in words."""
_RATIOS = {"disc_height": "disc_height_index", "canal": "canal_ratio", "slip": "slip_ratio"}


def reasons_of(reasons: set[str]) -> str:
    """Reasons in one sentence, each without its capital."""
    return "; ".join(sorted(reason[:1].lower() + reason[1:] for reason in reasons))


def _number(found: Mapping[tuple[str, str], Finding], level: str, kind: str) -> float | None:
    finding = found.get((level, kind))
    if finding is None or finding.status != "value" or not isinstance(finding.value, int | float):
        return None
    return float(finding.value)


def _cell(found: Mapping[tuple[str, str], Finding], level: str, quantity: str) -> str:
    """``7.9 mm (0.23)``: the length where it is known, and the ratio."""
    length = _number(found, level, f"{quantity}_mm")
    ratio = _number(found, level, _RATIOS[quantity])
    if length is None and ratio is None:
        open_ = found.get((level, _RATIOS[quantity]))
        return "indeterminate" if open_ and open_.status == "indeterminate" else "not measured"
    way = ""
    if quantity == "slip" and (length or ratio):
        way = " anterior" if (length or ratio or 0) > 0 else " posterior"
        length, ratio = (None if size is None else abs(size) for size in (length, ratio))
    share = "" if ratio is None else f"ratio {ratio:.2f}"
    own = found.get((level, f"{quantity}_mm"))
    mark = "set by the reader" if own is not None and own.set_by_reader else ""
    if length is None:
        return f"{share}{way}"
    beside = "; ".join(part for part in (share, mark) if part)
    return f"{length:.1f} mm{way}" + (f" ({beside})" if beside else "")


def measures(content: c.MeasuresContent) -> str:
    """Measured quantities as a sentence for one level, else as a table."""
    from etl.phrases import span

    found = {(f.level or "", f.kind): f for f in content.findings}
    levels = [lv for lv in content.levels if any(level == lv for level, _ in found)]
    parts: list[str] = []
    if not levels:
        parts.append(f"Nothing was measured at {span(content.levels)}.")
    elif len(levels) == 1:
        items = [f"{QUANTITY[q]} {_cell(found, levels[0], q)}" for q in content.quantities]
        parts.append(f"{levels[0]}: {', '.join(items)}.")
    else:
        head = ["Level", *(QUANTITY[q] for q in content.quantities)]
        rows = [[lv, *(_cell(found, lv, q) for q in content.quantities)] for lv in levels]
        parts.append(
            "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))
        )
    wanted = tuple(_RATIOS[q] for q in content.quantities)
    shown = [f for f in content.findings if f.level in levels and f.kind in wanted]
    reasons = {f.reason.rstrip(".") for f in shown if f.status != "value" and f.reason}
    if len(levels) == 1 and reasons:
        parts.append(f"Reason: {reasons_of(reasons)}.")
    if levels and not content.millimetres:
        parts.append("Pixel spacing is unknown, so there are ratios and no millimetres.")
    if any(f.status == "value" for f in shown):
        parts.append("Ratios are to the depth of the patient's own vertebrae.")
    if "canal" in content.quantities:
        own = any(f.kind == "canal_mm" and f.set_by_reader for f in content.findings)
        depth = "depth" if own else "measured depth"
        parts.append(f"Canal stenosis is not graded by any tool here; this is the {depth}.")
    return "\n\n".join(parts)
