"""What is asked of an image: facts by place, in the words of the phantom's truth.

A fact is a key of :mod:`data.synth.phantom_truth` with its value, at a disc, a vertebra, or the
whole spine (place None). What is asked and what is true can so be held against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from data.synth.conditions import BINARY, DiscGrades
from radixgpt.errors import InputError
from radixgpt.finding import ABSENT, KINDS, PRESENT
from radixgpt.level import LUMBAR_DISCS
from radixgpt.level import order as by_height

Value: TypeAlias = int | float | str
Place: TypeAlias = str | None

LUMBAR_VERTEBRAE: tuple[str, ...] = ("L1", "L2", "L3", "L4", "L5")

TITLES: dict[str, str] = {
    **{kind: KINDS[kind].title for kind in BINARY},
    "endplate_upper": "endplate change above",
    "endplate_lower": "endplate change below",
    "annular_fissure": "annular fissure",
    "vacuum_phenomenon": "vacuum",
    "ligamentum_flavum_hypertrophy": "thickened ligamentum flavum",
    "canal_stenosis": "canal stenosis",
    "fracture": "fracture",
    "marrow_oedema": "marrow oedema",
    "haemangioma": "haemangioma",
    "scoliosis": "scoliosis",
}
"""Every kind that is there or not, in words that are read as that kind."""

OF_DISC: tuple[str, ...] = (
    *BINARY,
    "annular_fissure",
    "vacuum_phenomenon",
    "ligamentum_flavum_hypertrophy",
    "canal_stenosis",
)
OF_VERTEBRA: tuple[str, ...] = ("fracture", "marrow_oedema", "haemangioma")

_WORDS: dict[str, str] = {
    "pfirrmann": "Pfirrmann {}",
    "modic": "Modic {}",
    "modic_extent": "over {} %",
    "disc_narrowing": "",
    "narrowing_share": "disc space narrowing {} %",
    "disc_height_mm": "disc height {} mm",
    "disc_height_index": "disc height index {}",
    "disc_bulging": "",
    "bulge_mm": "bulging {} mm",
    "disc_herniation": "",
    "herniation": "{}",
    "herniation_mm": "herniation {} mm",
    "migration_mm": "extrusion migrated {}",
    "endplate_upper": "",
    "endplate_lower": "",
    "spondylolisthesis": "",
    "slip_direction": "slipped {}",
    "meyerding": "slip grade {}",
    "slip_mm": "slip {} mm",
    "slip_ratio": "slip ratio {}",
    "annular_fissure": "",
    "vacuum_phenomenon": "",
    "ligamentum_flavum_hypertrophy": "",
    "flavum_mm": "flavum {} mm",
    "canal_stenosis": "",
    "canal_mm": "canal depth {} mm",
    "canal_ratio": "canal ratio {}",
    "fracture": "",
    "fracture_shape": "{} fracture",
    "genant": "fracture genant {}",
    "loss_front": "fracture front {} %",
    "loss_middle": "fracture middle {} %",
    "loss_back": "fracture back {} %",
    "marrow_oedema": "",
    "haemangioma": "",
    "scoliosis": "",
    "curve_angle": "curve {} degrees",
    "curve_convex": "curve convex {}",
    "curve_apex": "curve apex {}",
    "conus_level": "conus at {}",
    "sac_end": "sac end at {}",
}
"""Every fact in words, in the order in which a place's are told; what is there or not by TITLES."""
_ORDER = tuple(_WORDS)


@dataclass(frozen=True)
class Request:
    """What is asked for; whatever isn't, is healthy or as it comes.

    Attributes:
        facts: value by place and key.
    """

    facts: Mapping[tuple[Place, str], Value] = field(default_factory=dict)

    @classmethod
    def of(cls, discs: Mapping[str, DiscGrades]) -> Request:
        """The grades of discs as a request; what a disc has not is not denied."""
        facts: dict[tuple[Place, str], Value] = {}
        for level, grades in discs.items():
            facts[level, "pfirrmann"] = grades.pfirrmann
            facts[level, "modic"] = grades.modic
            facts.update({(level, kind): PRESENT for kind in sorted(grades.present)})
        return cls(facts)

    def at(self, place: Place) -> dict[str, Value]:
        """The facts of one place."""
        return {key: value for (where, key), value in self.facts.items() if where == place}

    @property
    def places(self) -> tuple[Place, ...]:
        """Where anything is asked for: the spine first, then from head to tail."""
        named = {place for place, _ in self.facts}
        levels = sorted((p for p in named if p is not None), key=by_height)
        return (*((None,) if None in named else ()), *levels)

    @property
    def discs(self) -> tuple[str, ...]:
        """The discs that are named, from head to tail."""
        return tuple(level for level in LUMBAR_DISCS if level in self.places)

    @property
    def curved(self) -> bool:
        """Whether a sideways curve is asked for, which one sagittal slice doesn't show."""
        return (None, "curve_angle") in self.facts or self.facts.get((None, "scoliosis")) == PRESENT

    def grades(self, level: str) -> DiscGrades:
        """The graded kinds of a disc."""
        facts = self.at(level)
        return DiscGrades(
            int(facts.get("pfirrmann", 1)),
            int(facts.get("modic", 0)),
            frozenset(kind for kind in BINARY if facts.get(kind) == PRESENT),
        )

    def graded(self, by: str = "a network") -> dict[str, DiscGrades]:
        """Grades by disc, for networks, which know nothing else.

        Raises:
            InputError: something else is asked for; it is named.
        """
        known = {"pfirrmann", "modic", *BINARY}
        beyond = [
            f"{place or 'spine'}: {told_fact(key, value)}"
            for (place, key), value in self.facts.items()
            if key not in known
        ]
        if beyond:
            raise InputError(
                f"{by} can't draw: {'; '.join(beyond)}.",
                "The phantom can: use --by phantom. Networks draw Pfirrmann, Modic and whether a "
                f"disc has: {', '.join(TITLES[kind] for kind in BINARY)}.",
            )
        return {level: self.grades(level) for level in self.discs}

    def told(self) -> str:
        """The request in words."""
        parts = []
        for place in self.places:
            facts = sorted(
                self.at(place).items(), key=lambda f: (f[1] == ABSENT, _ORDER.index(f[0]))
            )
            words = [told_fact(key, value) for key, value in facts]
            parts.append(f"{place or 'spine'}: {', '.join(words)}")
        return "; ".join(parts) or "all lumbar discs healthy"

    def as_dict(self) -> dict[str, dict[str, Value | list[str]]]:
        """By place: of a disc ``pfirrmann`` and ``modic``, ``present`` kinds, ``absent`` ones that
        were denied, and every other fact under its own name. The spine's are under ``spine``.
        """
        found: dict[str, dict[str, Value | list[str]]] = {}
        for place in self.places:
            facts = self.at(place)
            one: dict[str, Value | list[str]] = {}
            if place in LUMBAR_DISCS:
                one |= {"pfirrmann": 1, "modic": 0}
            one["present"] = sorted(key for key, value in facts.items() if value == PRESENT)
            if denied := sorted(key for key, value in facts.items() if value == ABSENT):
                one["absent"] = denied
            one |= {k: v for k, v in facts.items() if v not in (PRESENT, ABSENT)}
            found[place or "spine"] = one
        return found


def told_fact(key: str, value: Value) -> str:
    """One fact in words, which are read as that fact again."""
    if value == PRESENT:
        return TITLES[key]
    if value == ABSENT:
        return f"no {TITLES[key]}"
    if key == "migration_mm":
        return _WORDS[key].format(
            f"{'down' if float(value) > 0 else 'up'} {abs(float(value)):g} mm"
        )
    if isinstance(value, str):
        return _WORDS[key].format(value)
    number = float(value) * (100 if _WORDS[key].endswith("%") else 1)
    back = " backward" if key in ("slip_mm", "slip_ratio") and number < 0 else ""
    return _WORDS[key].format(f"{abs(number):.6g}") + back
