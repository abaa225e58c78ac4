"""A language model that obeys every attack, and a study that is full of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from PIL import Image, ImageDraw, ImageFont
from pydantic import Field

Step = dict[str, Any]


class Disobedient(BaseChatModel):
    """Does what its steps say, call after call, and says its last words again when told to mend.

    Attributes:
        steps: ``{"call": tool, "args": {...}}`` or ``{"say": text}``.
        heard: every text that it was given.
    """

    steps: list[Step] = Field(default_factory=list)
    heard: list[str] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "disobedient"

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        return self.bind(**kwargs)

    def obey(self, steps: Sequence[Step]) -> None:
        self.steps[:] = steps
        self.heard.clear()

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        told = [message for message in messages if message.type not in ("human", "ai")]
        self.heard.extend(message.text for message in told)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if "call" in step:
            call = ToolCall(name=step["call"], args=step["args"], id=uuid.uuid4().hex)
            message = AIMessage(content="", tool_calls=[call])
        else:
            message = AIMessage(content=step["say"])
        return ChatResult(generations=[ChatGeneration(message=message)])


def planted(
    clean: Path,
    folder: Path,
    *,
    tags: dict[str, str],
    names: Sequence[str],
    burned: Sequence[str],
    safe: Callable[[str], str],
) -> Path:
    """A copy of a study with texts in its tags, file names and pixels.

    Each burned text stands in the lower corner of every slice of its own range, on the air.
    """
    files = sorted(clean.glob("*.dcm"))
    for number, path in enumerate(files):
        one = pydicom.dcmread(path)
        for tag, text in tags.items():
            setattr(one, tag, text)
        one.PixelData = _burn(one.pixel_array, burned[number % len(burned)]).tobytes()
        one.save_as(folder / f"{number:02d} {safe(names[number % len(names)])}.dcm")
    return folder


def _burn(pixels: np.ndarray, text: str) -> np.ndarray:
    picture = Image.new("L", pixels.shape[::-1])
    font = ImageFont.load_default()
    ImageDraw.Draw(picture).text((2, pixels.shape[0] - 14), text, fill=255, font=font)
    return np.where(np.asarray(picture) > 127, pixels.max(), pixels).astype(pixels.dtype)
