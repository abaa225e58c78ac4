"""The embedded captioner: the eyes' tokens, a small decoder, and a machine that bounds its words.

The decoder writes word by word, the likeliest of those that :mod:`tools.captioner.grammar` allows.
A finished sentence is read again by the rules for texts; one that fails the check is written again
with its last choice banned. If that does not help, or the words get too many, the decoder's part
ends before it. Wherever it ends, plain sentences say which findings are left.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from functools import cache
from operator import is_

import torch
from torch import Tensor

from data.generated.captions import joined
from radixgpt.errors import NotEligibleError, WeightsError
from radixgpt.level import LUMBAR_DISCS, disc_index
from radixgpt.report import ModelFacts
from radixgpt.study import Modality, Study
from radixgpt.weights import load_card
from tools import classifier
from tools.captioner.backends import Wanted
from tools.captioner.checking import check
from tools.captioner.decoder import BEGIN, LONGEST, Decoder, Memory, shown
from tools.captioner.grammar import END, Machine
from tools.captioner.pictures import Pictures
from tools.crops import Crop
from tools.stored import unpack
from tools.threads import one_thread

_FILMS = (Modality.DX, Modality.CR)
FILE = "decoder.safetensors"
_TRIES = 3
"""How often one sentence is tried."""


@cache
def decoder() -> Decoder:
    """The shipped decoder, loaded once.

    Raises:
        WeightsError: it is missing or damaged, or learned from other eyes than those that ship.
    """
    from safetensors.torch import load_file

    card = load_card("captioner")
    if card.value("eyes") != classifier.model_facts().sha256:
        raise WeightsError(
            "The captioner learned from other graders than those in weights/classifier.",
            "Train it again (python -m finetune.captioner train), or restore both folders.",
        )
    net = Decoder()
    if card.manifest.labels != list(net.words):
        raise WeightsError(
            "The captioner's words are not those of its weights.",
            "Train it again (python -m finetune.captioner train), or restore the phrases.",
        )
    net.load_state_dict(unpack(load_file(card.file(FILE))))
    return net.eval()


_SEEN: deque[tuple[list[Crop], list[str], dict[str, Tensor]]] = deque(maxlen=4)
"""What was seen last: a study's discs are captioned one after another, by the same crops."""


def forget() -> None:
    """Forget what was seen last, so that it is looked at anew."""
    _SEEN.clear()


@torch.inference_mode()
def see(pictures: Pictures) -> dict[str, Tensor]:
    """What the eyes see of each lumbar disc: (members, width) by level.

    Args:
        pictures: their discs are looked at together, as the graders do.
    """
    if not pictures.discs:
        return {}
    levels = [disc.level for disc in pictures.discs]
    crops = [crop for disc in pictures.discs for crop in disc.crops.values()]
    for known, named, found in _SEEN:
        if named == levels and len(known) == len(crops) and all(map(is_, known, crops)):
            return found
    cut = [dict(disc.crops) for disc in pictures.discs]
    given = classifier.inputs(cut, [max(0, disc_index(level)) for level in levels])
    tokens = torch.stack([net.tokens(given) for net in classifier.models()], 1)
    seen = {
        level: token for level, token in zip(levels, tokens, strict=True) if level in LUMBAR_DISCS
    }
    _SEEN.append((crops, levels, seen))
    return seen


def sequences(pictures: Pictures) -> frozenset[str]:
    """Which sequences are shown of the discs."""
    return frozenset(name for disc in pictures.discs for name in disc.crops)


class Embedded:
    """The captioner that ships.

    Args:
        net: its decoder; the shipped one if None.
        bound: whether words are bounded by what is supported. Without, the decoder shows what it
            reads from the images itself; for measurements alone, never for a reader.
    """

    url = ""

    def __init__(self, net: Decoder | None = None, *, bound: bool = True) -> None:
        self._net = net
        self._bound = bound

    def facts(self) -> tuple[ModelFacts, ...]:
        """The decoder's and its eyes' facts."""
        return (load_card("captioner").facts(), classifier.model_facts())

    def describe(self, pictures: Pictures, wanted: Wanted) -> str:
        """Write a caption of the discs that are shown.

        Raises:
            NotEligibleError: the pictures are no lumbar MR.
            WeightsError: weights are missing or damaged.
        """
        if any(picture.series.modality in _FILMS for picture in pictures.images):
            raise NotEligibleError(
                "not-mr",
                "The embedded captioner describes lumbar MR only.",
                "Ask for the findings, or set RADIXGPT_CAPTIONER to a model that reads others.",
            )
        with one_thread():
            return self.say(see(pictures), sequences(pictures), pictures, wanted)

    @torch.inference_mode()
    def say(
        self,
        tokens: Mapping[str, Tensor],
        named: frozenset[str],
        pictures: Pictures,
        wanted: Wanted,
    ) -> str:
        """Write a caption from tokens of discs.

        Args:
            tokens: by level, from :func:`see`.
            named: the sequences that are shown.
            pictures: whose series decide how the technique may be called.
            wanted: what is asked for.
        """
        net = self._net if self._net is not None else decoder()
        scope = wanted.scope
        mine = {level: token for level, token in tokens.items() if scope.level in (None, level)}
        kind = {"disc": "disc", "study": "study"}.get(scope.of, "image")
        seen, there = shown(mine)
        asked = torch.tensor([net.asked(kind, wanted.style, named)])
        memory, counts = net.begin(asked, seen, there)
        series = {picture.series.key: picture.series for picture in pictures.images}
        study = Study("shown", tuple(series.values()))
        if not self._bound:
            return joined(_freely(net, memory, counts))
        writer = _Writer(net, memory, counts, Machine(wanted.support, study))
        while not writer.ended:
            begun = writer.mark()
            banned: set[tuple[int, str]] = set()
            for _ in range(_TRIES):
                writer.sentence(frozenset(banned))
                text = joined(writer.words)
                if writer.ended or not check(text, wanted.support, study).refused:
                    break
                banned.add(writer.choice)
                writer.back(begun)
            else:
                break
        return joined(_finished(writer.words, writer.machine, wanted, study))


def _finished(words: list[str], machine: Machine, wanted: Wanted, study: Study) -> list[str]:
    """The words with a sentence on each level of which a finding was not said."""
    for level, items in machine.untold.items():
        for several in (items, *([item] for item in items)):  # together, else one by one
            more = [*words, *machine.sentence(level, several)]
            if not check(joined(more), wanted.support, study).refused:
                words = more
                if several is items:
                    break
    return words


def _freely(net: Decoder, memory: Memory, counts: Tensor) -> list[str]:
    """The likeliest words, whatever the observations say."""
    words: list[str] = []
    last = net.number[BEGIN]
    spoken = {net.number[END], *range(net.number[END] + 1, len(net.words))}
    spoken -= {i for i, word in enumerate(net.words) if word.startswith("<") and word != END}
    mask = torch.full((len(net.words),), float("-inf"))
    mask[sorted(spoken)] = 0.0
    while len(words) < LONGEST:
        logits, memory = net.step([last], len(words), memory, counts)
        last = int((logits + mask).argmax())
        if net.words[last] == END:
            break
        words.append(net.words[last])
    return words


Mark = tuple[int, Machine]


class _Writer:
    """Words written so far, and what the decoder and the machine remember of them."""

    def __init__(self, net: Decoder, memory: Memory, counts: Tensor, machine: Machine) -> None:
        self.words: list[str] = []
        self.choice: tuple[int, str] = (0, "")
        self._net = net
        self._counts = counts
        self._memory = memory
        self.machine = machine
        self._base = memory.length

    @property
    def ended(self) -> bool:
        """Whether nothing follows."""
        return self.machine.ended

    def mark(self) -> Mark:
        """Where it is, to come back to."""
        return len(self.words), self.machine.copy()

    def back(self, mark: Mark) -> None:
        """Go back to a mark."""
        del self.words[mark[0] :]
        self.machine = mark[1].copy()
        self._memory = self._memory.cut(self._base + mark[0])

    def sentence(self, banned: frozenset[tuple[int, str]]) -> None:
        """Write on to the end of a sentence or of the caption.

        Args:
            banned: words that may not be written again, by their place in the caption.
        """
        begun = len(self.words)
        while not self.ended:
            allowed = self.machine.allowed()
            allowed -= {word for place, word in banned if place == len(self.words)}
            if not allowed or len(self.words) >= LONGEST:
                del self.words[begun:]
                self.machine.advance_to_end()
                return
            word = self._likeliest(allowed)
            if len(allowed) > 1:
                self.choice = (len(self.words), word)
            self.machine.advance(word)
            if word != END:
                self.words.append(word)
            if self.machine.between:
                return

    def _likeliest(self, allowed: frozenset[str]) -> str:
        numbers = self._net.number
        before = [BEGIN, *self.words]
        read = self._memory.length - self._base
        logits, self._memory = self._net.step(
            [numbers[word] for word in before[read:]], read, self._memory, self._counts
        )
        return max(sorted(allowed), key=lambda word: float(logits[numbers[word]]))
