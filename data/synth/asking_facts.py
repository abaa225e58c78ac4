"""A finding that was understood, with what qualifies it, to facts of its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from data.synth.asking_words import ASKABLE, ROMAN
from data.synth.request import LUMBAR_VERTEBRAE, OF_DISC, OF_VERTEBRA, TITLES, Place, Value
from radixgpt.errors import InputError
from radixgpt.finding import ABSENT, ENDPLATES, KINDS, PRESENT
from radixgpt.language.levels import LevelMention
from radixgpt.level import LUMBAR_DISCS

_CURVES = ("scoliosis", "levoscoliosis", "dextroscoliosis", "curve_angle")
WHOLE: tuple[str, ...] = (*_CURVES, "conus", "sac_end")
"""Findings of the whole spine."""
_OF_BONE = ("fracture", "oedema", "haemangioma")
_SLIPS = ("spondylolisthesis", "retrolisthesis", "slip_ratio")

_SLIP = "mm % plain grade forward backward"
_CURVE = "deg plain convex apex"
_TAKES: dict[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "modic": "%",
        "disc_narrowing": "%",
        "disc_height_mm": "mm",
        "disc_height_index": "plain",
        "disc_bulging": "mm",
        "disc_herniation": "mm",
        "protrusion": "mm",
        "extrusion": "mm migrated",
        "spondylolisthesis": _SLIP,
        "retrolisthesis": _SLIP,
        "slip_ratio": "plain forward backward",
        "flavum": "mm",
        "canal_stenosis": "mm",
        "canal_mm": "mm",
        "canal_ratio": "plain",
        "fracture": "% grade part wedge biconcave crush acute",
        **dict.fromkeys(_CURVES, _CURVE),
    }.items()
}
"""What may qualify each finding; a measure by its unit."""
_MUST = {
    "disc_height_mm": "mm",
    "disc_height_index": "plain",
    "slip_ratio": "plain",
    "canal_mm": "mm",
    "canal_ratio": "plain",
    "curve_angle": "deg plain convex apex",
}
"""Findings that are nothing without a number, or what else is said of them."""
_NEVER_DENIED = ("conus", "sac_end", "healthy")

_LIMITS: dict[str, tuple[float, float, str]] = {
    "pfirrmann": (1, 5, ""),
    "modic": (0, 3, ""),
    "modic_extent": (0.1, 0.6, "%"),
    "narrowing_share": (0.2, 0.85, "%"),
    "disc_height_mm": (1, 20, " mm"),
    "disc_height_index": (0.03, 0.6, ""),
    "bulge_mm": (1.5, 6, " mm"),
    "herniation_mm": (2, 10, " mm"),
    "migration_mm": (1, 10, " mm"),
    "slip_mm": (3, 16, " mm"),
    "slip_ratio": (0.12, 0.49, ""),
    "meyerding": (1, 2, ""),
    "flavum_mm": (1, 3, " mm"),
    "stenosis": (3, 9.9, " mm"),
    "canal_mm": (3, 20, " mm"),
    "canal_ratio": (0.1, 0.7, ""),
    "genant": (1, 3, ""),
    "loss": (0, 0.6, "%"),
    "scoliosis": (10, 50, " degrees"),
    "curve_angle": (2, 50, " degrees"),
}
"""What can be drawn: the least, the most, and the unit of messages."""
_APEXES = ("L1", "L2", "L3", "L4", "L1-L2", "L2-L3", "L3-L4")
_CONUS = ("T12", "T12-L1", "L1", "L1-L2", "L2", "L2-L3", "L3")
_SAC_ENDS = ("S1", "S2")
MIGRATED_MM = 5.0
"""How far an extrusion migrates where only a direction is said."""


@dataclass
class Found:
    """A finding as it stands in the text.

    Attributes:
        name: of :data:`data.synth.asking_words.FINDINGS`.
        parts: what its pattern caught.
        level: its own, of conus and sac.
        denied: whether it is said not to be there.
        said: what qualifies it: the parts by the qualifier's name, a measure by its unit.
        apex: of a curve.
    """

    name: str
    parts: dict[str, str]
    level: LevelMention | None
    denied: bool
    said: dict[str, dict[str, str]] = field(default_factory=dict)
    apex: LevelMention | None = None

    def takes(self, name: str, parts: dict[str, str]) -> bool:
        """Whether a qualifier may still be said of it."""
        key = _unit(parts) if name == "measure" else name
        return key in _TAKES.get(self.name, ()) and (key == "part" or key not in self.said)

    def take(self, name: str, parts: dict[str, str], level: LevelMention | None) -> None:
        """Add a qualifier that it takes."""
        key = _unit(parts) if name == "measure" else name
        if key == "part":
            where = parts["part"].removeprefix("in the ")
            key = {"in front": "front", "anterior": "front", "middle": "middle"}.get(where, where)
            key = key if key in ("front", "middle") else "back"
        if name == "apex":
            self.apex = level
        self.said[key] = parts

    def number(self, unit: str) -> float | None:
        """What it measures in a unit."""
        parts = self.said.get(unit)
        if parts is None:
            return None
        factor = 10 if parts.get("unit") == "cm" else 1
        return float(parts.get("number") or parts["share"]) * factor


def _unit(parts: dict[str, str]) -> str:
    unit = parts.get("unit", "")
    if not unit:
        return "plain"
    if unit[0] in "mc":
        return "mm"
    return "%" if unit[0] in "%p" else "deg"


class Facts:
    """Facts under way; two that contradict each other are refused."""

    def __init__(self) -> None:
        self.found: dict[tuple[Place, str], Value] = {}

    def add(self, one: Found, where: LevelMention | None) -> None:
        """Add what a finding says of the places where it lies.

        Raises:
            InputError: it can't lie there, can't be drawn so, or contradicts another.
        """
        if one.denied and (one.said or one.parts):
            raise InputError(
                f"'no {one.name.replace('_', ' ')}' with a measure or a grade is not clear.",
                "Leave either out.",
            )
        must = _MUST.get(one.name, "")
        if one.denied and one.name != "curve_angle" and (must or one.name in _NEVER_DENIED):
            raise InputError(
                f"'no {one.name.replace('_mm', '').replace('_', ' ')}' can't be drawn.",
                "Leave it out, or say what there is.",
            )
        if must and not one.denied and not set(must.split()) & set(one.said):
            raise InputError(
                f"'{one.name.replace('_mm', '').replace('_', ' ')}' needs a number.",
                "Give it behind, such as 'disc height 8 mm', 'canal depth 12 mm', "
                "'disc height index 0.2', 'slip ratio 0.2', 'curve 20 degrees'.",
            )
        for place in _places(one, where):
            for key, value in _facts(one, place):
                self._set(place, key, value)

    def checked(self) -> dict[tuple[Place, str], Value]:
        """All facts.

        Raises:
            InputError: the side or the apex of a curve is said and no curve.
        """
        spine = {key: value for (place, key), value in self.found.items() if place is None}
        bent = "curve_angle" in spine or spine.get("scoliosis") == PRESENT
        if not bent and ("curve_convex" in spine or "curve_apex" in spine):
            raise InputError("A curve needs its angle.", "Such as 'scoliosis 25 degrees'.")
        return self.found

    def _set(self, place: Place, key: str, value: Value) -> None:
        if self.found.setdefault((place, key), value) != value:
            title = KINDS[key].title if key in KINDS else TITLES.get(key, key.replace("_", " "))
            raise InputError(
                f"Two findings of {place or 'the spine'} contradict each other on {title}.",
                "Ask for one of them, or for two images.",
            )


def _places(one: Found, where: LevelMention | None) -> tuple[Place, ...]:
    if one.name in WHOLE:
        return (None,)
    assert where is not None
    of_bone = one.name in _OF_BONE or (one.name == "healthy" and not where.pair)
    if of_bone:
        known, named, what = LUMBAR_VERTEBRAE, () if where.pair else where.vertebrae, "vertebra"
    else:
        known, named, what = LUMBAR_DISCS, where.discs, "disc"
    if not named or any(level not in known for level in named):
        written = ", ".join(where.discs or where.vertebrae)
        raise InputError(
            f"'{written}' is no lumbar {what}, which '{one.name.replace('_', ' ')}' needs.",
            f"Name one of {', '.join(known)} with it.",
        )
    return tuple(named)


def _facts(one: Found, place: Place) -> Iterable[tuple[str, Value]]:
    """What one finding says, as keys of the phantom's truth."""
    if one.name == "healthy":
        if place in LUMBAR_DISCS:
            return [("pfirrmann", 1), ("modic", 0), *((kind, ABSENT) for kind in OF_DISC)]
        return [(kind, ABSENT) for kind in OF_VERTEBRA]
    if one.name in ("pfirrmann", "modic"):
        grade = _grade(one.name, one.parts)
        facts: list[tuple[str, Value]] = [(one.name, grade)]
        if (share := one.number("%")) is not None:
            facts.append(("modic_extent", _limited("modic_extent", share / 100)))
        return facts
    if one.name in _SLIPS:
        return _slip(one)
    if one.name in _CURVES:
        return _curve(one)
    if one.name in ("conus", "sac_end"):
        assert one.level is not None
        if one.name == "conus":
            return [("conus_level", _named(one.level, _CONUS))]
        return [("sac_end", _named(one.level, _SAC_ENDS))]
    if one.name == "fracture":
        return _fracture(one)
    return _of_disc(one)


def _of_disc(one: Found) -> list[tuple[str, Value]]:
    there = ABSENT if one.denied else PRESENT
    mm, share, plain = one.number("mm"), one.number("%"), one.number("plain")
    facts: list[tuple[str, Value]] = []
    match one.name:
        case "disc_height_mm" | "canal_mm" if mm is not None:
            return [(one.name, _limited(one.name, mm))]
        case "disc_height_index" | "canal_ratio" if plain is not None:
            return [(one.name, _limited(one.name, plain))]
        case "endplates":
            return [(kind, there) for kind in ENDPLATES]
        case "oedema":
            return [("marrow_oedema", there)]
        case "disc_narrowing" if share is not None:
            facts.append(("narrowing_share", _limited("narrowing_share", share / 100)))
        case "disc_bulging" if mm is not None:
            facts.append(("bulge_mm", _limited("bulge_mm", mm)))
        case "disc_herniation" | "protrusion" | "extrusion":
            if one.denied and one.name != "disc_herniation":
                raise InputError(
                    f"'no {one.name}' leaves open whether there is another herniation.",
                    "Say 'no herniation', or name the one there is.",
                )
            facts.append(("disc_herniation", there))
            if one.name != "disc_herniation":
                facts.append(("herniation", one.name))
            if mm is not None:
                facts.append(("herniation_mm", _limited("herniation_mm", mm)))
            if (parts := one.said.get("migrated")) is not None:
                far = _limited("migration_mm", float(parts.get("far", MIGRATED_MM)))
                facts.append(("migration_mm", far if "down" in parts else -far))
            return facts
        case "flavum":
            facts.append(("ligamentum_flavum_hypertrophy", there))
            if mm is not None:
                facts.append(("flavum_mm", _limited("flavum_mm", mm)))
            return facts
        case "canal_stenosis" if mm is not None:
            facts.append(("canal_mm", _limited("stenosis", mm)))
    return [(one.name, there), *facts]


def _slip(one: Found) -> list[tuple[str, Value]]:
    if one.denied:
        if one.name == "retrolisthesis":
            raise InputError(
                "'no retrolisthesis' leaves open whether there is a slip forward.",
                "Say 'no spondylolisthesis', or leave it out.",
            )
        return [("spondylolisthesis", ABSENT)]
    back = one.name == "retrolisthesis" or "backward" in one.said
    if back and "forward" in one.said:
        raise InputError("A slip is forward or backward.", "Say one of them.")
    facts: list[tuple[str, Value]] = [("spondylolisthesis", PRESENT)]
    if back or "forward" in one.said:
        facts.append(("slip_direction", "backward" if back else "forward"))
    sign = -1 if back else 1
    mm, ratio, plain = one.number("mm"), one.number("%"), one.number("plain")
    if ratio is not None:
        ratio /= 100
    if one.name == "slip_ratio":
        ratio = plain
    elif plain is not None:
        if plain <= 5:
            raise InputError(
                f"A slip of {plain:g}: a grade or millimetres?",
                f"Say 'grade {plain:g}' or '{plain:g} mm'.",
            )
        mm = plain
    if "grade" in one.said:
        facts.append(("meyerding", _grade("meyerding", one.said["grade"])))
    if mm is not None:
        facts.append(("slip_mm", sign * _limited("slip_mm", mm)))
    if ratio is not None:
        facts.append(("slip_ratio", sign * _limited("slip_ratio", ratio)))
    return facts


def _curve(one: Found) -> list[tuple[str, Value]]:
    if one.denied:
        return [("scoliosis", ABSENT)]
    named = one.name != "curve_angle"
    facts: list[tuple[str, Value]] = [("scoliosis", PRESENT)] if named else []
    degrees = one.number("deg") if "deg" in one.said else one.number("plain")
    if degrees is not None:
        limit = "scoliosis" if named else "curve_angle"
        facts.append(("curve_angle", _limited(limit, degrees)))
    way = one.said.get("convex", {}).get("way")
    implied = {"levoscoliosis": "left", "dextroscoliosis": "right"}.get(one.name)
    if way and implied and way != implied:
        raise InputError("The curve is convex to the left or to the right.", "Say one of them.")
    if way or implied:
        facts.append(("curve_convex", way or implied or ""))
    if one.apex is not None:
        facts.append(("curve_apex", _named(one.apex, _APEXES)))
    return facts


def _fracture(one: Found) -> list[tuple[str, Value]]:
    if one.denied:
        return [("fracture", ABSENT)]
    shapes = [name for name in ("wedge", "biconcave", "crush") if name in one.said]
    if len(shapes) > 1:
        raise InputError("A fracture has one shape.", "Say wedge, biconcave or crush.")
    facts: list[tuple[str, Value]] = [("fracture", PRESENT)]
    facts += [("fracture_shape", shape) for shape in shapes]
    if "grade" in one.said:
        facts.append(("genant", _grade("genant", one.said["grade"])))
    parts = {p: one.number(p) for p in ("front", "middle", "back")}
    if (share := one.number("%")) is not None:
        most = {"biconcave": "middle"}.get(shapes[0] if shapes else "", "front")
        parts[most] = share if parts[most] is None else parts[most]
    given = {place: value / 100 for place, value in parts.items() if value is not None}
    if given and max(given.values()) < 0.2:
        raise InputError(
            "A vertebra counts as fractured from a loss of 20 % of a height.", "Ask for more."
        )
    facts += [(f"loss_{place}", _limited("loss", value)) for place, value in given.items()]
    if "acute" in one.said:
        facts.append(("marrow_oedema", PRESENT))
    return facts


def _grade(kind: str, parts: dict[str, str]) -> int:
    text = parts["grade"]
    grade = ROMAN.get(text) or int(text)
    low, high, _ = _LIMITS[kind]
    if not low <= grade <= high:
        title = {"meyerding": "slip of", "genant": "fracture of"}.get(kind, f"{kind} finding of")
        raise InputError(
            f"No {title} grade {grade} can be drawn.",
            f"Grades: {', '.join(str(g) for g in range(int(low), int(high) + 1))}.",
        )
    return grade


def _limited(key: str, value: float) -> float:
    low, high, unit = _LIMITS[key]
    if not low - 1e-9 <= value <= high + 1e-9:
        factor = 100 if unit == "%" else 1
        raise InputError(
            f"{value * factor:g}{unit} of '{key.split('_')[0]}' can't be drawn.",
            f"Ask for {low * factor:g} to {high * factor:g}{unit}.",
        )
    return value


def _named(level: LevelMention, known: Iterable[str]) -> str:
    name = level.discs[0] if level.pair and level.discs else level.vertebrae[0]
    if name not in known:
        raise InputError(
            f"'{name}' is no place for it.",
            f"Name one of {', '.join(known)}. What can be asked for: {ASKABLE}.",
        )
    return name
