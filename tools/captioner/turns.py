"""A question about pictures, and its caption, as the tensors of a vision-language model.

Training and inference share this. A model with a chat template is spoken to through it; LLaVA, BLIP
and BLIP-2 without one get the form that they were trained with. The caption's tokens are made as if
the model had written them after the question, so that training sees what generating meets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from radixgpt.errors import CaptionerError
from tools.captioner import bitmaps

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

IGNORED = -100
"""The target of a token that no loss is taken of."""
_PLAIN: Mapping[str, str] = {
    "llava": "USER: {images}\n{question} ASSISTANT:",
    "blip": "{question}",
    "blip-2": "Question: {question} Answer:",
}
"""The form of a question by model type, for models without a chat template."""
_ONE_PICTURE = frozenset({"blip", "blip-2"})
_OWN_SHAPE = frozenset({"qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe"})
"""Model types that keep a picture's shape; the others stretch it to a square."""
CONTINUES = frozenset({"blip"})
"""Model types that go on with a text and answer no question."""


@dataclass(frozen=True, eq=False)
class Turn:
    """One question with its answer.

    Attributes:
        pictures: bitmaps, mode ``L``.
        question: in words.
        caption: the answer; empty where the model is to give it.
    """

    pictures: tuple[Image, ...]
    question: str
    caption: str = ""


@dataclass(frozen=True, eq=False)
class Speaker:
    """How one model is spoken to.

    Attributes:
        processor: of transformers, with a tokenizer and an image processor.
        kind: the model type of its configuration.
        begin: the token that a text of BLIP begins with.
        ends: tokens that end an answer; the first is the one that is taught.
    """

    processor: Any
    kind: str
    begin: int | None
    ends: tuple[int, ...]

    @classmethod
    def of(cls, model: Any, processor: Any) -> Speaker:
        """How a model is spoken to.

        Raises:
            CaptionerError: it has no chat template and is of no known family, or it reads the
                question apart from the answer (an encoder and a decoder), which can't be done here.
        """
        kind = str(model.config.model_type)
        text = model.config.get_text_config()
        if not getattr(processor, "chat_template", None) and kind not in _PLAIN:
            raise CaptionerError(
                f"A model of type '{kind[:40]}' without a chat template can't be asked.",
                "Choose an instruct model, or put a chat_template.jinja beside its processor.",
            )
        if getattr(model.config, "is_encoder_decoder", False) or not getattr(
            model.config, "use_decoder_only_language_model", True
        ):
            raise CaptionerError(
                f"The language model of this '{kind[:40]}' has an encoder of its own.",
                "Choose one whose language model is a decoder alone, such as one on OPT.",
            )
        given = model.generation_config.eos_token_id
        ends = list(given) if isinstance(given, list | tuple) else [given]
        if kind in CONTINUES:
            ends = [text.sep_token_id]
        ends.append(processor.tokenizer.eos_token_id)
        known = tuple(dict.fromkeys(int(end) for end in ends if end is not None))
        if not known:
            raise CaptionerError(
                "This model has no token that ends a text.", "Set eos_token_id in its folder."
            )
        return cls(processor, kind, getattr(text, "bos_token_id", None), known)

    def question(self, turn: Turn) -> dict[str, Tensor]:
        """The tensors of a question, a batch of one; sequences have the shape (1, tokens).

        Raises:
            CaptionerError: the processor refuses it.
        """
        text = self._asked(turn)
        options: dict[str, Any] = {}
        start = self.processor.tokenizer.bos_token
        if start and text.startswith(start):  # the template has put it there
            options["add_special_tokens"] = False
        try:
            made = self.processor(
                images=self._shown(turn), text=[text], return_tensors="pt", **options
            )
        except (ValueError, TypeError, IndexError) as error:
            raise CaptionerError(
                f"This model's processor refuses the pictures ({type(error).__name__}).",
                "Look whether the processor's files belong to the model.",
            ) from error
        return dict(made)

    def skip(self, asked: Mapping[str, Tensor]) -> int:
        """How many tokens of what is generated repeat the question."""
        length = int(asked["input_ids"].shape[1])
        return length - 1 if self.kind in CONTINUES else length

    def answered(
        self, turns: Sequence[Turn], *, longest: int = 512
    ) -> tuple[dict[str, Tensor], Tensor]:
        """The tensors of questions with their answers, padded on the right.

        Args:
            turns: with captions.
            longest: tokens of a caption; a longer one is cut, and is then not taught to end.

        Returns:
            The model's inputs, and the targets of shape (turns, tokens): the token itself where it
            is the caption's or ends it, :data:`IGNORED` elsewhere.
        """
        import torch
        from torch.nn.functional import pad

        rows: list[dict[str, Tensor]] = []
        targets: list[Tensor] = []
        for turn in turns:
            asked = self.question(turn)
            shape = asked["input_ids"].shape
            along = {k: v for k, v in asked.items() if v.shape == shape}
            if self.kind in CONTINUES:  # as its generate() does: no end yet, and its own beginning
                along = {k: v[:, :-1].clone() for k, v in along.items()}
                if self.begin is not None:
                    along["input_ids"][:, 0] = self.begin
            said = torch.tensor([self._caption(turn, longest)], dtype=torch.long)
            before = along["input_ids"].shape[1]
            row = dict(asked)
            for key, value in along.items():
                more = {"input_ids": said, "attention_mask": torch.ones_like(said)}.get(
                    key, torch.zeros_like(said)
                )
                row[key] = torch.cat([value, more.to(value.dtype)], 1)
            target = row["input_ids"].clone()
            target[:, :before] = IGNORED
            rows.append(row)
            targets.append(target)
        width = max(target.shape[1] for target in targets)
        filler = self.processor.tokenizer.pad_token_id
        fill = {"input_ids": self.ends[0] if filler is None else filler}
        batch: dict[str, Tensor] = {}
        for key in rows[0]:
            parts = [row[key] for row in rows]
            if all(p.shape == t.shape for p, t in zip(parts, targets, strict=True)):
                short = [width - part.shape[1] for part in parts]
                parts = [
                    pad(part, (0, n), value=fill.get(key, 0))
                    for part, n in zip(parts, short, strict=True)
                ]
            batch[key] = torch.cat(parts)
        wide = [pad(t, (0, width - t.shape[1]), value=IGNORED) for t in targets]
        return batch, torch.cat(wide)

    def _shown(self, turn: Turn) -> list[Image]:
        pictures = list(turn.pictures)
        if self.kind in _ONE_PICTURE and len(pictures) > 1:
            pictures = [bitmaps.beside(pictures)]
        if self.kind not in _OWN_SHAPE:
            pictures = [bitmaps.squared(picture) for picture in pictures]
        return [picture.convert("RGB") for picture in pictures]

    def _asked(self, turn: Turn) -> str:
        if not getattr(self.processor, "chat_template", None):
            mark = getattr(self.processor, "image_token", "")
            images = "\n".join([str(mark)] * len(turn.pictures))
            return _PLAIN[self.kind].format(images=images, question=turn.question)
        return str(self._templated([self._user(turn)], add_generation_prompt=True))

    def _templated(self, messages: list[dict[str, Any]], **options: Any) -> str:
        return str(self.processor.apply_chat_template(messages, tokenize=False, **options))

    @staticmethod
    def _user(turn: Turn) -> dict[str, Any]:
        pictures: list[dict[str, str]] = [{"type": "image"} for _ in turn.pictures]
        return {"role": "user", "content": [*pictures, {"type": "text", "text": turn.question}]}

    def _caption(self, turn: Turn, longest: int) -> list[int]:
        """The tokens of a caption and of its end, as they follow the question."""
        asked = self._asked(turn)
        # A space where the question does not end in one, as the next word has one before it.
        rest = turn.caption if not asked or asked[-1].isspace() else f" {turn.caption}"
        if getattr(self.processor, "chat_template", None):
            said = {"role": "assistant", "content": [{"type": "text", "text": turn.caption}]}
            whole = self._templated([self._user(turn), said])
            if whole.startswith(asked):
                rest = whole.removeprefix(asked).rstrip()
        encode = self.processor.tokenizer.encode
        before = encode(asked, add_special_tokens=False)
        both = encode(asked + rest, add_special_tokens=False)
        ids = both[len(before) :] if both[: len(before)] == before else None
        if ids is None:  # words merge over the border; the model meets it parted
            ids = encode(rest, add_special_tokens=False)
        if len(ids) > longest:
            return list(ids[:longest])
        return list(ids) if ids and ids[-1] in self.ends else [*ids, self.ends[0]]
