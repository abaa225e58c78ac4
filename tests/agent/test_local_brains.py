"""A tiny Llama with random weights, made here: the same class and code path as a real one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent import blind, brains
from agent.brains import local
from agent.events import Answer
from agent.session import Session
from agent.toolbox import TOOLS
from radixgpt.errors import LanguageModelError

TEMPLATE = (
    "{% if tools %}<|tools|>{% for tool in tools %}{{ tool.function.name }} {% endfor %}{% endif %}"
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}"
    "{% for call in message.tool_calls or [] %}{{ call.function | tojson }}{% endfor %}"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def make_tokenizer(folder: Path, template: str | None) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE(unk_token=None))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(["disc herniation at L4-L5", "get_findings levels kinds"], trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    return tokenizer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    made = tmp_path_factory.mktemp("llama")
    tokenizer = make_tokenizer(made, TEMPLATE)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=16384,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(made)
    return made


def test_a_transformers_model_leads_a_turn(folder: Path, session: Session) -> None:
    from agent import chat

    session.llm = f"transformers:{folder}"
    model = brains.load(session.llm, timeout=session.llm_timeout)
    assert isinstance(model, local.LocalBrain)
    model.most_tokens = 12
    events = list(chat.stream(session, "is there a herniation at L4-L5?"))
    # Random weights babble, so the guard or nothing at all is what they get past.
    assert events
    if isinstance(events[-1], Answer):
        assert events[-1].text


def test_the_prompt_holds_tools_and_messages(folder: Path) -> None:
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

    model = local.load("transformers", str(folder))
    model.most_tokens = 3
    seen: list[Any] = []
    apply = model.tokenizer.apply_chat_template

    def spy(messages: Any, **options: Any) -> Any:
        seen.append(apply(messages, **{**options, "tokenize": False, "return_tensors": None}))
        return apply(messages, **options)

    object.__setattr__(model.tokenizer, "apply_chat_template", spy)
    call = {"name": "about", "args": {}, "id": "1"}
    bound = model.bind_tools(list(TOOLS))
    bound.invoke(
        [
            SystemMessage("rules"),
            HumanMessage("help"),
            AIMessage("", tool_calls=[call]),
            ToolMessage("<tool_data>{}</tool_data>", tool_call_id="1", name="about"),
        ]
    )
    (prompt,) = seen
    assert "get_findings" in prompt.split("<|system|>")[0]
    assert prompt.index("rules") < prompt.index("help") < prompt.index("<tool_data>")
    assert '"about"' in prompt
    assert prompt.endswith("<|assistant|>")


KNOWN = {"get_findings", "about"}


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>\n{"name": "get_findings", "arguments": {"levels": ["L4-L5"]}}\n</tool_call>',
        '<think>Let me see</think><tool_call>{"name": "get_findings", "arguments": '
        '{"levels": ["L4-L5"]}}',
        '{"name": "get_findings", "parameters": {"levels": ["L4-L5"]}}',
        '<|python_tag|>{"name": "get_findings", "parameters": {"levels": ["L4-L5"]}}',
        '[TOOL_CALLS][{"name": "get_findings", "arguments": {"levels": ["L4-L5"]}}]',
        '```json\n{"name": "get_findings", "arguments": "{\\"levels\\": [\\"L4-L5\\"]}"}\n```',
        '{"type": "function", "function": {"name": "get_findings", "arguments": '
        '{"levels": ["L4-L5"]}}}',
    ],
)
def test_tool_calls_are_read_in_every_usual_style(text: str) -> None:
    message = local.parse(text, KNOWN)
    (call,) = message.tool_calls
    assert (call["name"], call["args"]) == ("get_findings", {"levels": ["L4-L5"]})
    assert message.content == ""


@pytest.mark.parametrize(
    "text",
    [
        "There is nothing to call.",
        '{"name": "delete_everything", "arguments": {}}',
        '{"name": "about", "arguments": "not json"}',
        '{"name": "about", "arguments": [1]}',
        "[1, 2]",
        "{",
        "",
    ],
)
def test_anything_else_is_plain_text(text: str) -> None:
    message = local.parse(text, KNOWN)
    assert message.tool_calls == []
    assert message.content == text


def test_two_calls_and_words_around_them() -> None:
    one = '<tool_call>{"name": "about", "arguments": {}}</tool_call>'
    message = local.parse(f"Wait. {one} {one}", KNOWN)
    assert [call["name"] for call in message.tool_calls] == ["about", "about"]
    assert len({call["id"] for call in message.tool_calls}) == 2
    assert message.content == "Wait."


def test_a_model_without_a_tool_template_is_refused(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "chat_template.jinja").unlink(missing_ok=True)
    make_tokenizer(tmp_path, "{% for message in messages %}{{ message.content }}{% endfor %}")
    with pytest.raises(LanguageModelError, match="takes no tools"):
        local.load("transformers", str(tmp_path))


def test_a_blind_report_needs_no_tools_and_is_asked_for_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "chat_template.jinja").unlink(missing_ok=True)
    make_tokenizer(tmp_path, "{% for message in messages %}{{ message.content }}{% endfor %}")
    setting = f"transformers:{tmp_path}"
    model = brains.load(setting, timeout=120.0, tools=False)
    assert isinstance(model, local.LocalBrain)
    model.most_tokens = 8
    asked: list[str] = []
    generate = local.LocalBrain._generate

    def counted(self: Any, messages: Any, *rest: Any, **more: Any) -> Any:
        asked.append(messages[0].content)
        return generate(self, messages, *rest, **more)

    monkeypatch.setattr(local.LocalBrain, "_generate", counted)
    said = [blind.report(setting, "MR of the lumbar spine") for _ in range(3)]
    blind.report(setting, "X-ray of the lumbar spine")
    assert len(set(said)) == 1
    assert ["MR" in prompt for prompt in asked] == [True, False]


def test_a_model_without_a_chat_template_is_refused(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "chat_template.jinja").unlink(missing_ok=True)
    make_tokenizer(tmp_path, None)
    with pytest.raises(LanguageModelError, match="no chat template"):
        local.load("transformers", str(tmp_path), tools=False)


def test_what_is_not_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LanguageModelError, match="can't be loaded"):
        local.load("transformers", str(tmp_path))
    with pytest.raises(LanguageModelError, match=r"no file 'none\.gguf'"):
        local.load("gguf", str(tmp_path / "none.gguf"))


def gguf_llama(path: Path, template: str) -> None:
    """A Llama with one layer and random weights in the GGUF format."""
    import gguf
    import numpy as np

    alphabet = [
        *"<>|/abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:;?!{}[]\"'"
    ]
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{i:02X}>" for i in range(256)), "▁", *alphabet]
    types = [2, 3, 3, *[6] * 256, *[1] * (len(alphabet) + 1)]
    random = np.random.default_rng(0)
    size, wide, heads = 32, 64, 2

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(4096)
    writer.add_embedding_length(size)
    writer.add_block_count(1)
    writer.add_feed_forward_length(wide)
    writer.add_head_count(heads)
    writer.add_head_count_kv(heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(size // heads)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([float(-i) for i in range(len(tokens))])
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template(template)

    def tensor(name: str, *shape: int) -> None:
        writer.add_tensor(name, random.normal(0, 0.05, shape).astype(np.float32))

    tensor("token_embd.weight", len(tokens), size)
    tensor("output.weight", len(tokens), size)
    tensor("output_norm.weight", size)
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        tensor(f"blk.0.{name}.weight", size, size)
    for name in ("ffn_gate", "ffn_up"):
        tensor(f"blk.0.{name}.weight", wide, size)
    tensor("blk.0.ffn_down.weight", size, wide)
    tensor("blk.0.attn_norm.weight", size)
    tensor("blk.0.ffn_norm.weight", size)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_a_gguf_file_is_run(tmp_path: Path) -> None:
    from langchain_core.messages import HumanMessage

    path = tmp_path / "tiny.gguf"
    gguf_llama(path, TEMPLATE)
    model = brains.load(f"gguf:{path}")
    assert isinstance(model, local.LocalBrain)
    model.most_tokens = 4
    assert model.bind_tools(list(TOOLS)).invoke([HumanMessage("hello")]) is not None


def test_a_blind_conversation_keeps_what_was_said(folder: Path) -> None:
    talk = blind.Conversation(f"transformers:{folder}", "MR of the lumbar spine")
    first = talk.say("What is at L4-L5?")
    assert isinstance(first, str)
    talk.say("And at L5-S1?")
    said = [str(message.text) for message in talk._before]
    assert "MR of the lumbar spine" in said[0]
    assert said[1:4] == ["What is at L4-L5?", first, "And at L5-S1?"]
