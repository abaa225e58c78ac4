from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval import routing
from radixgpt.errors import WeightsError
from tools.router import Call, Previous
from tools.router.model import INTENTS

pytest.importorskip("peft", reason="fine-tuning a language model needs peft")
pytest.importorskip("transformers", reason="fine-tuning a language model needs transformers")

from finetune import router_fit, router_lines, router_speaker
from finetune.router_fit import Plan
from finetune.router_lines import Example

# peft asks transformers by a name that is to go away.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")

TRAIN = routing.load("train")
PLAN = Plan(epochs=40, batch=4, rate=1e-2, rank=8)


def small_tokenizer(examples: list[Example]) -> Any:
    """A tokenizer of whole words and signs with the words that the examples hold."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    split = pre_tokenizers.Metaspace(split=True)
    texts = [f"{e.prompt} {e.word} {e.line}" for e in examples]
    texts += [f" {word}" for word in router_lines.WORDS.values()]
    found = sorted({piece for text in texts for piece, _ in split.pre_tokenize_str(text)})
    vocabulary = {word: i for i, word in enumerate(["<s>", "</s>", "<unk>", *found])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = split
    tokenizer.decoder = decoders.Metaspace()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


def small_model(words: int) -> Any:
    """A random Llama of the class of SmolLM2, in two layers."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=words,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        bos_token_id=0,
        eos_token_id=1,
        initializer_range=0.3,  # a frozen head of small numbers could not tell words apart
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config).eval()


SOURCES = [
    [Example("l4-5 =>", "findings", "get_findings levels=L4-L5")],
    [Example("shorter please =>", "short", "restyle style=concise")],
    [Example("thank you =>", "thanks", "thanks")],
    [
        Example(
            "restyle style=concise; waits for a yes\nok =>",
            "yes",
            "confirm_change accept=true",
        )
    ],
]


def test_every_intent_has_a_word_of_its_own() -> None:
    assert set(router_lines.WORDS) == set(INTENTS)
    words = [*router_lines.WORDS.values(), router_lines.CHOICE]
    assert len(set(words)) == len(words)


def test_every_call_of_the_utterances_is_read_back_from_its_line() -> None:
    for part in ("train", "test", "fresh"):
        for utterance in routing.load(part):
            read = router_lines.call_of(router_lines.line_of(utterance.call))
            assert read is not None
            assert read.canonical() == utterance.call.canonical()


_NAME = st.from_regex(r"[a-z_]{1,8}", fullmatch=True).filter(
    lambda name: name not in ("accept", "by", "levels", "kinds", "quantities")
)
_VALUE = st.from_regex(r"[A-Za-z0-9_+.-]{1,8}", fullmatch=True)


@given(
    _NAME,
    st.dictionaries(_NAME, _VALUE, max_size=3),
    st.fixed_dictionaries(
        {},
        optional={
            "accept": st.booleans(),
            "by": st.integers(-4, 4),
            "levels": st.lists(_VALUE, min_size=1, max_size=3),
        },
    ),
)
def test_any_call_is_read_back_from_its_line(
    tool: str, texts: dict[str, str], others: dict[str, object]
) -> None:
    call = routing.Call(tool, {**texts, **others})
    assert router_lines.call_of(router_lines.line_of(call)) == call


@given(st.text(max_size=40))
def test_no_line_breaks_the_reader(line: str) -> None:
    call = router_lines.call_of(line)
    assert call is None or router_lines.call_of(router_lines.line_of(call)) == call


@pytest.mark.parametrize(
    "line", ["", "get_findings levels", "measure a=1 a=2", "shift by=two", "explain level=L4,L5"]
)
def test_a_broken_line_is_no_call(line: str) -> None:
    assert router_lines.call_of(line) is None


def test_the_prompt_tells_the_turn_before() -> None:
    offered = (Call("explain", {"level": "L3-L4"}), Call("explain", {"level": "L4-L5"}))
    assert router_lines.prompt_of("why", None) == "why =>"
    prompt = router_lines.prompt_of("why", Previous(Call("ask_back"), options=offered))
    assert prompt.splitlines()[0] == (
        "ask_back; offered explain level=L3-L4 or explain level=L4-L5"
    )
    waiting = router_lines.prompt_of("ok", Previous(Call("undo"), pending=True))
    assert waiting.splitlines()[0] == "undo; waits for a yes"


def test_examples_hold_every_utterance_with_its_call_and_variants_that_fit() -> None:
    some = TRAIN[::12]
    sources = router_lines.examples(some, known=frozenset(), seed=3)
    assert sources == router_lines.examples(some, known=frozenset(), seed=3)
    assert len(sources) == len(some)
    assert sum(map(len, sources)) > 2 * len(some)
    for utterance, several in zip(some, sources, strict=True):
        assert several[0].line == router_lines.line_of(utterance.call)
        assert {one.line.split()[0] for one in several} == {utterance.call.tool}


def test_batches_hold_every_utterance_once_an_epoch() -> None:
    plan = Plan(epochs=2, batch=3)
    sources = [[Example(f"{i}{v} =>", "undo", "undo") for v in "ab"] for i in range(10)]
    found = router_fit.batches(sources, plan)
    assert found == router_fit.batches(sources, plan)
    assert len(found) == plan.steps(len(sources))
    for epoch in (found[:4], found[4:]):
        assert sorted(one.prompt[0] for batch in epoch for one in batch) == list("0123456789")


def test_a_small_model_learns_its_calls_and_says_them_again_after_loading(tmp_path: Path) -> None:
    tokenizer = small_tokenizer([one for several in SOURCES for one in several])
    base = small_model(len(tokenizer))
    losses = router_fit.train(base, tokenizer, SOURCES, PLAN, tmp_path)
    assert len(losses) == PLAN.steps(len(SOURCES))
    assert losses[-1] < 0.2 * losses[0]
    speaker = router_fit.load_speaker(small_model(len(tokenizer)), tokenizer, tmp_path)
    alone = [speaker.answers([example.prompt])[0] for (example,) in SOURCES]
    assert alone == [router_lines.call_of(example.line) for (example,) in SOURCES]
    assert speaker.answers([example.prompt for (example,) in SOURCES]) == alone
    for (example,) in SOURCES:
        chances = speaker.chances(example.prompt)
        assert sum(chances.values()) == pytest.approx(1)
        assert router_lines.WORDS[max(chances, key=lambda intent: chances[intent])] == example.word
    known = frozenset({"thank", "you", "shorter", "please"})
    assert speaker.predictor(known)("thank you", None) == routing.Call("thanks")
    thanks = routing.Utterance("thank you", routing.Call("thanks"), 0, "lay")
    assert speaker.predictor(known, [thanks])("thank you", None) == routing.Call("thanks")
    routed = speaker.router(known).route("shorter please").call
    assert (routed.tool, routed.args) == ("restyle", {"style": "concise"})


def test_training_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    tokenizer = small_tokenizer([one for several in SOURCES for one in several])
    plan = Plan(epochs=6, batch=2, rate=1e-2, rank=4)

    def stop(step: int, steps: int, value: float) -> None:
        if step == 7:
            raise KeyboardInterrupt

    through = router_fit.train(
        small_model(len(tokenizer)), tokenizer, SOURCES, plan, tmp_path / "through"
    )
    with pytest.raises(KeyboardInterrupt):
        router_fit.train(
            small_model(len(tokenizer)),
            tokenizer,
            SOURCES,
            plan,
            tmp_path / "stopped",
            every=5,
            on_step=stop,
        )
    seen: list[int] = []
    again = router_fit.train(
        small_model(len(tokenizer)),
        tokenizer,
        SOURCES,
        plan,
        tmp_path / "stopped",
        on_step=lambda step, steps, value: seen.append(step),
    )
    assert seen[0] == 6
    assert again == pytest.approx(through, rel=1e-4)


def test_what_was_not_trained_is_said_so(tmp_path: Path) -> None:
    tokenizer = small_tokenizer([])
    with pytest.raises(WeightsError, match="not fine-tuned"):
        router_fit.load_speaker(small_model(len(tokenizer)), tokenizer, tmp_path)


def test_a_tokenizer_that_splits_a_word_is_refused() -> None:
    tokenizer = small_tokenizer([])
    assert set(router_speaker.word_tokens(tokenizer)) == set(INTENTS)
    broken = small_tokenizer([])
    broken.add_tokens(["find"])
    with pytest.raises(ValueError, match="splits"):
        router_speaker.word_tokens(broken)
