"""A tiny language model in a GGUF file whose weights are written by hand.

It is a Qwen 2 of one block that passes its input on: every token is a direction of its own, and the
output weights say which token follows which. So it says what it was made to say, through the same
file format, tokenizer, template, server and client as a large one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

SAID = "\n"
"""What the prompt ends with after the user's words."""
RETURNED = "\n\n"
"""What it ends with after a tool's result."""

TEMPLATE = (
    "{% for tool in tools or [] %}{{ tool.function.name }} {% endfor %}"
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message.role + '\n' }}{{ message.content }}{{ '<|im_end|>\n' }}"
    "{% endfor %}"
    "{{ '<|im_start|>assistant\n' if add_generation_prompt }}"
    "{{ '\n' if messages[-1].role == 'tool' }}"
)
"""Tools are told by their names alone, so that a prompt is short."""

_END = "<|im_end|>"


def byte_letters() -> dict[int, str]:
    """The letter of each byte in the vocabulary of a byte-level tokenizer."""
    from tokenizers.pre_tokenizers import ByteLevel

    plain = ByteLevel(add_prefix_space=False, use_regex=False)
    found: dict[int, str] = {}
    for byte in range(128):
        ((letter, _),) = plain.pre_tokenize_str(chr(byte))
        found[byte] = letter
    rest = iter(sorted(set(ByteLevel.alphabet()) - set(found.values())))
    return {byte: found.get(byte) or next(rest) for byte in range(256)}


def write(path: Path, answers: Mapping[str, str], *, template: str = TEMPLATE) -> None:
    """Write a model that answers to a prompt by what the prompt ends with.

    Args:
        path: of the new GGUF file.
        answers: to :data:`SAID` and :data:`RETURNED`; ASCII.
        template: the chat template.
    """
    import gguf
    import numpy as np

    letters = byte_letters()

    def spelt(text: str) -> str:
        return "".join(letters[byte] for byte in text.encode("ascii"))

    newline = letters[ord("\n")]
    words = [spelt(text) for text in answers.values()]
    plain = [*letters.values(), newline * 2, *words]
    special = ["<|endoftext|>", "<|im_start|>", _END]
    tokens = plain + special
    size = (len(tokens) + 15) // 16 * 16  # rotary embeddings want an even number a head

    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_context_length(32768)
    writer.add_embedding_length(size)
    writer.add_block_count(1)
    writer.add_feed_forward_length(16)
    writer.add_head_count(1)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * len(plain) + [3] * len(special))
    writer.add_token_merges([f"{newline} {newline}"])
    writer.add_eos_token_id(tokens.index(_END))
    writer.add_pad_token_id(tokens.index("<|endoftext|>"))
    writer.add_chat_template(template)

    follows = np.zeros((len(tokens), size), dtype=np.float32)
    follows[tokens.index(_END)] = 1.0
    for end, word in zip(answers, words, strict=True):
        follows[tokens.index(word), tokens.index(spelt(end))] = 2.0

    def tensor(name: str, value: np.ndarray) -> None:
        writer.add_tensor(name, np.ascontiguousarray(value, dtype=np.float32))

    tensor("token_embd.weight", np.eye(len(tokens), size))
    tensor("output.weight", follows)
    tensor("output_norm.weight", np.ones(size))
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        tensor(f"blk.0.{name}.weight", np.zeros((size, size)))
    for name in ("attn_q", "attn_k", "attn_v"):
        tensor(f"blk.0.{name}.bias", np.zeros(size))
    for name in ("ffn_gate", "ffn_up"):
        tensor(f"blk.0.{name}.weight", np.zeros((16, size)))
    tensor("blk.0.ffn_down.weight", np.zeros((size, 16)))
    tensor("blk.0.attn_norm.weight", np.ones(size))
    tensor("blk.0.ffn_norm.weight", np.ones(size))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
