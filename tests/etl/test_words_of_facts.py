"""Whatever reading may find out about a study, the report has a word for it."""

from __future__ import annotations

from enum import StrEnum

import pytest

from etl.phrases import Phrases, styles
from radixgpt.study import BodyRegion, Modality, Sequence


@pytest.mark.parametrize("style", styles())
@pytest.mark.parametrize(
    ("group", "kind"), [("modality", Modality), ("sequence", Sequence), ("region", BodyRegion)]
)
def test_every_value_has_a_word(style: str, group: str, kind: type[StrEnum]) -> None:
    phrases = Phrases(style)
    for value in kind:
        assert phrases.has_word(group, value.value)
