"""What the heads of the slip measure on films that they never saw, and tests of the confound.

Every lateral film of the set is labelled spondylolisthesis, so films say nothing of false alarms.
Within a film the discs that are not named are the ones without, and films whose slip is taken away,
or made, by moving what lies above a disc are the counterfactuals. Rule and lines are fitted anew
for each fold on the films of the others.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Items
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from finetune.radiographs_corners import (
    Marked,
    corners,
    marked_slip,
    moved_with,
    recounted,
    slipped,
)
from finetune.radiographs_data import Film
from finetune.radiographs_seen import auroc, drawn, share
from finetune.radiographs_slip import folds, lateral
from radixgpt.level import disc_index
from tools.framing import standardise
from tools.radiographs.slip import Lines, Slip, Verdict, judge, sure
from tools.radiographs.slip_find import SlipHeads, find
from tools.radiographs.weights import SlipRule
from tools.triage_weights import eyes

Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.float32]

DOUBT = 0.06
"""Greatest doubt about corners, in depths, for a disc to be measured."""
RIGHT = 0.9
"""Share of the discs with a stated slip that must be named, and of those without that must not."""
NEAR = 0.5
"""A found disc is the marked one if their centres lie nearer than this, in depths."""
MADE = 0.3
"""The slip that is made for a test, in depths."""
CLEAR = 0.125
"""A marked step from which a disc is counted as slipped in the picture, half a quarter."""


@dataclass(frozen=True, eq=False)
class Disc:
    """A found disc.

    Attributes:
        film: where it is.
        place: counted from the lowest that was found.
        slip: as measured.
        mark: as marked; None where nothing was marked, which counts as not named.
    """

    film: Film
    place: int
    slip: Slip
    mark: Marked | None

    @property
    def disc(self) -> int:
        """Its count from L5-S1 by the marks; where there is none, by those that were found."""
        return self.place if self.mark is None else self.mark.disc

    @property
    def named(self) -> bool:
        """Whether the film's name calls it slipped."""
        return self.named_by("")

    def named_by(self, reader: str) -> bool:
        """Whether it is, by the count of a reader without the names; as used now for none."""
        if self.mark is None:
            return False
        return self.mark.disc + _counted(self.film, reader) in named_discs(self.film)

    @property
    def marked(self) -> float:
        """The step that the marks show; 0 where there are none."""
        mark = self.mark
        return 0.0 if mark is None else marked_slip(mark.on(self.film.pixels)).posterior


def named_discs(film: Film) -> set[int]:
    """The discs that a film's name calls slipped, counted from L5-S1."""
    return {disc_index(level) for level in film.levels}


def matched(film: Film, found: Items[Slip]) -> list[Disc]:
    """The found discs with their marks, each mark once."""
    out: list[Disc] = []
    taken: set[int] = set()
    for place, slip in enumerate(found):
        away = [
            (float(np.hypot(*(m.on(film.pixels).mean(0) - slip.corners.mean(0)))), m)
            for m in corners()[film.key]
        ]
        far, mark = min(away, key=lambda pair: pair[0])
        placed = mark.on(film.pixels)
        near = far < NEAR * np.hypot(*(placed[2] - placed[3])) and mark.disc not in taken
        taken |= {mark.disc} if near else set()
        out.append(Disc(film, place, slip, mark if near else None))
    return out


def see(pixels: Pixels, heads: SlipHeads) -> list[Slip]:
    """The discs of one film by some heads."""
    return find(pixels, eyes().network, heads)[0]


# --- the rule -----------------------------------------------------------------------------------


def fit_rule(discs: Items[Disc]) -> tuple[SlipRule, Lines]:
    """The chance that a disc is named by its step, and the lines between which nothing is said."""
    from sklearn.linear_model import LogisticRegression

    known = [d for d in discs if sure(d.slip, DOUBT) and d.film.levels]
    step = np.array([d.slip.posterior for d in known])
    named = np.array([d.named for d in known])
    fitted = LogisticRegression(C=1000.0).fit(step[:, None], named)
    rule = SlipRule(slope=float(fitted.coef_[0, 0]), offset=float(fitted.intercept_[0]))
    chance = np.array([rule.of(float(s)) for s in step])
    grid = np.arange(0.5, 0.96, 0.05)
    above = [float(c) for c in grid if (chance >= c).any() and named[chance >= c].mean() >= RIGHT]
    below = [
        float(1 - c)
        for c in grid
        if (chance <= 1 - c).any() and (~named[chance <= 1 - c]).mean() >= RIGHT
    ]
    lines = Lines(round(min(above, default=0.95), 2), round(max(below, default=0.05), 2), DOUBT)
    return rule, lines


@dataclass(frozen=True, eq=False)
class Judged:
    """A lateral film as heads and a rule say it that never saw its group."""

    film: Film
    found: list[Slip]
    discs: list[Disc]
    verdict: Verdict
    rule: SlipRule
    lines: Lines
    heads: SlipHeads

    def again(self, pixels: Pixels) -> Verdict:
        """The verdict on a changed film."""
        return judge(see(pixels, self.heads), self.rule.of, self.lines)


def judged(every: Items[Film], heads: dict[str, SlipHeads]) -> list[Judged]:
    """All lateral films, each by heads and a rule without its group."""
    some = lateral(every)
    of = folds(some)
    found = {f.key: see(f.pixels, heads[f.key]) for f in some}
    discs = {f.key: matched(f, found[f.key]) for f in some}
    rules = {
        fold: fit_rule([d for f in some if of[f.key] != fold for d in discs[f.key]])
        for fold in set(of.values())
    }
    out = []
    for f in some:
        rule, lines = rules[of[f.key]]
        said = judge(found[f.key], rule.of, lines)
        out.append(Judged(f, found[f.key], discs[f.key], said, rule, lines, heads[f.key]))
    return out


def shipped_rule(seen: Items[Judged]) -> tuple[SlipRule, Lines]:
    """The rule that ships: of all films, each measured by heads that never saw its group."""
    return fit_rule([d for one in seen for d in one.discs])


# --- figures ------------------------------------------------------------------------------------

_BY_READER = {
    "marker": "counted by the marker, before the names were seen",
    "second": "counted by a second reader, who saw no names",
    "third": "counted by a third reader, who saw no names",
    "most": "counted as most of these three do",
}


def _counted(film: Film, reader: str) -> int:
    """How much higher a reader without the names counts a film's discs; 0 for no reader."""
    return recounted()[film.key][reader] if reader else 0


def marks_rows(every: Items[Film]) -> list[str]:
    """Whether the step between marks tells the named discs: what can be reached at all."""
    rows = []
    for reader, name in (("", "as counted now"), *_BY_READER.items()):
        discs = [
            (f, m, marked_slip(m.on(f.pixels)).posterior, m.disc + _counted(f, reader))
            for f in lateral(every)
            if f.levels
            for m in corners()[f.key]
        ]
        score = np.array([s for _, _, s, _ in discs])
        truth = np.array([d in named_discs(f) for f, _, _, d in discs])
        groups = [f.group for f, *_ in discs]
        rows.append(
            f"| Step between the marks, {name} | {len(discs)}, {truth.sum()} | "
            f"{_area(score, truth, groups)} |"
        )
    return rows


def _area(score: Floats, truth: npt.NDArray[np.bool_], groups: Items[int]) -> str:
    return drawn(groups, lambda rows: auroc(score[rows], truth[rows]))


def area_rows(seen: Items[Judged]) -> list[str]:
    """Named against other discs: the measured step, and the place alone at the same discs."""
    known = [d for one in seen for d in one.discs if sure(d.slip, DOUBT) and d.film.levels]
    step: Callable[[Disc], float] = lambda d: d.slip.posterior  # noqa: E731
    front: Callable[[Disc], float] = lambda d: d.slip.anterior  # noqa: E731
    both: Callable[[Disc], float] = lambda d: d.slip.moved  # noqa: E731
    place: Callable[[Disc], float] = lambda d: -abs(d.disc - 0.9)  # noqa: E731
    rows = []
    for name, some, score in (
        ("Measured step", known, step),
        ("Measured step, at L4-L5 alone", [d for d in known if d.disc == 1], step),
        ("Measured step, at L5-S1 alone", [d for d in known if d.disc == 0], step),
        ("Step of the anterior corners instead", known, front),
        ("Mean of both steps instead", known, both),
        ("Baseline: place of the disc alone, at the same discs", known, place),
    ):
        values = np.array([score(d) for d in some])
        truth = np.array([d.named for d in some])
        area = _area(values, truth, [d.film.group for d in some])
        rows.append(f"| {name} | {len(some)}, {truth.sum()} | {area} |")
    values = np.array([d.slip.posterior for d in known])
    groups = [d.film.group for d in known]
    for reader, name in _BY_READER.items():
        truth = np.array([d.named_by(reader) for d in known])
        area = _area(values, truth, groups)
        rows.append(f"| Measured step, {name} | {len(known)}, {truth.sum()} | {area} |")
    truth = np.array([d.marked >= CLEAR for d in known])
    area = _area(values, truth, groups)
    rows.append(
        f"| Measured step, for discs whose marks stand {CLEAR:.1%} of the depth apart or more "
        f"instead of named ones | {len(known)}, {truth.sum()} | {area} |"
    )
    return rows


def error_line(seen: Items[Judged]) -> str:
    """How far the measured steps lie from the marked ones."""
    every = [d for one in seen for d in one.discs if d.mark is not None]
    known = [d for d in every if sure(d.slip, DOUBT)]
    marks = sum(len(corners()[one.film.key]) for one in seen)
    away = np.array([abs(d.slip.posterior - d.marked) for d in known])
    groups = [d.film.group for d in known]
    middle = drawn(groups, lambda rows: float(np.median(away[rows])))
    one = np.array([d.slip.posterior for d in known])
    other = np.array([d.marked for d in known])
    hang = drawn(groups, lambda rows: float(np.corrcoef(one[rows], other[rows])[0, 1]))
    first = [next((d for d in one.discs if d.mark is not None), None) for one in seen]
    lowest = [(one, d) for one, d in zip(seen, first, strict=True) if d is not None and d.mark]
    counted = [d.place == d.disc for _, d in lowest]
    return (
        f"Of {marks} marked discs {len(every)} are found and {len(known)} measured. The measured "
        f"step lies {middle} depths from the marked one (median; 90% within "
        f"{np.quantile(away, 0.9):.3f}), correlation {hang}. Counting from the lowest disc that is "
        "found names the discs as the marks do on "
        f"{share(counted, [o.film.group for o, _ in lowest])} of the films; so no level is named."
    )


def film_rows(seen: Items[Judged]) -> list[str]:
    """What is said of films, and of the discs at which a slip is stated."""
    named = [one for one in seen if one.film.levels]
    groups = [one.film.group for one in named]
    rows = [
        f"| Said {words}, of a film whose name tells the level | "
        f"{share([one.verdict.answer in answers for one in named], groups)} |"
        for words, answers in (
            ("present", ("present",)),
            ("that none was measured", ("unseen",)),
            ("too close to call or not assessed", ("close", "none")),
        )
    ]
    stated = [d for one in named for d in one.discs if d.slip in one.verdict.slipped]
    of = [d.film.group for d in stated]
    rows += [
        f"| Discs with a stated slip that are named | {share([d.named for d in stated], of)} |",
        "| Discs with a stated slip that are named or whose marks show a step of "
        f"{CLEAR:.1%} or more | "
        f"{share([d.named or d.marked >= CLEAR for d in stated], of)} |",
    ]
    quiet = [
        d
        for one in named
        for d in one.discs
        if d.slip in one.verdict.measured and not d.named and d.marked < CLEAR
    ]
    alarms = [d.slip in stated_slips(seen) for d in quiet]
    rows.append(
        "| False alarms at measured discs that are neither named nor marked as slipped | "
        f"{share(alarms, [d.film.group for d in quiet])} |"
    )
    return rows


def stated_slips(seen: Items[Judged]) -> set[Slip]:
    """All slips that are stated."""
    return {slip for one in seen for slip in one.verdict.slipped}


# --- the confound -------------------------------------------------------------------------------


def undone(film: Film) -> tuple[Pixels, npt.NDArray[np.floating]]:
    """A film all of whose marked steps are moved back, and its corners (n, 4, 2) then."""
    pixels = standardise(film.pixels)
    discs = np.stack([m.on(film.pixels) for m in corners()[film.key]])
    for at in reversed(range(len(discs))):
        share_back = -marked_slip(discs[at]).posterior
        pixels = slipped(pixels, discs[at], share_back)
        discs = moved_with(discs, at, share_back)
    return pixels, discs


def confound_rows(seen: Items[Judged], ap: Items[Film], heads: SlipHeads) -> list[str]:
    """Films with their slip taken away or made, mirrored ones, and AP films past the gate.

    Args:
        seen: the lateral films.
        ap: AP films, which the gate of the view keeps away from the measure.
        heads: the heads that ship; they learnt from no AP film.
    """
    called = [one for one in seen if one.verdict.answer == "present"]
    groups = [one.film.group for one in called]
    flat = [one.again(undone(one.film)[0]) for one in called]
    before = [one.verdict.slipped[0].posterior for one in called]
    after = [max((s.posterior for s in v.measured), default=float("nan")) for v in flat]
    rows = [
        f"| Films called present whose steps were all moved back: still present | "
        f"{share([v.answer == 'present' for v in flat], groups)} |",
        f"| Of the same: none measured | {share([v.answer == 'unseen' for v in flat], groups)} |",
        f"| Of the same: the largest step, median before and after | "
        f"{np.median(before):.3f} and {np.nanmedian(after):.3f} |",
    ]
    found, hits, of = [], [], []
    for turn, one in enumerate(seen):
        even, discs = undone(one.film)
        low = [d for d, m in zip(discs, corners()[one.film.key], strict=True) if m.disc <= 2]
        placed = low[turn % len(low)]
        verdict = one.again(slipped(even, placed, MADE))
        near = NEAR * float(np.hypot(*(placed[2] - placed[3])))
        found.append(verdict.answer == "present")
        hits.append(
            any(np.hypot(*(s.corners.mean(0) - placed.mean(0))) < near for s in verdict.slipped)
        )
        of.append(one.film.group)
    rows += [
        f"| Evened films with a slip of {MADE:.0%} made at one of the lowest discs: present | "
        f"{share(found, of)} |",
        f"| Of the same: at that disc | {share(hits, of)} |",
    ]
    turned = [one.again(one.film.pixels[:, ::-1]) for one in seen]
    same = [v.answer == one.verdict.answer for v, one in zip(turned, seen, strict=True)]
    apart = [abs(v.chance - one.verdict.chance) for v, one in zip(turned, seen, strict=True)]
    rows.append(
        f"| Mirrored films: the same answer | {share(same, [one.film.group for one in seen])}; the "
        f"chance differs by {max(apart):.3f} at most |"
    )
    rule, lines = shipped_rule(seen)
    past = [judge(see(f.pixels, heads), rule.of, lines).answer == "present" for f in ap]
    rows.append(
        "| Held-out AP films if a header called them lateral: present (the gate of the view keeps "
        f"them away else) | {share(past, [f.group for f in ap])} |"
    )
    return rows
