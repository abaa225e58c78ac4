"""A real GGUF file, run by ourselves, and by an OpenAI-compatible server on the loopback.

The server is ``transformers serve``. It is given the model as transformers unpacks it, since that
server can't name the class of a GGUF file's model by itself.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import chain_gguf
import httpx
import pytest

from agent import chat
from agent.events import Answer, ToolStarted
from agent.session import Session

pytest.importorskip("gguf", reason="pip install -e '.[llm]'")

CALL = {
    "name": "get_findings",
    "arguments": {"levels": ["L4-L5"], "kinds": ["disc_herniation"]},
}
TOLD = "At L4-L5 there is a disc herniation."


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    answers = {
        chain_gguf.SAID: f"<tool_call>{json.dumps(CALL)}</tool_call>",
        chain_gguf.RETURNED: TOLD,
    }
    chain_gguf.write(made, answers)
    return made


@pytest.fixture(scope="module")
def served(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The model's name and the address of its server."""
    from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen2Config, Qwen2ForCausalLM
    from transformers.cli.serve import Serve

    folder = tmp_path_factory.mktemp("served")
    unpacked = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name)
    facts = unpacked.config.to_dict()
    plain = Qwen2ForCausalLM(Qwen2Config(**{**facts, "quantization_config": None}))
    plain.load_state_dict(unpacked.state_dict())
    plain.save_pretrained(folder)
    AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name).save_pretrained(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    model = str(folder)
    server = Serve(force_model=model, device="cpu", host="127.0.0.1", port=port, non_blocking=True)
    url = f"http://127.0.0.1:{port}"
    with httpx.Client(trust_env=False) as client:
        for _ in range(100):
            try:
                if client.get(f"{url}/health").is_success:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
    yield model, f"{url}/v1"
    server.kill_server()


def led(session: Session, setting: str) -> None:
    """A turn in which the model calls its tool and says its sentence."""
    session.llm = setting
    session.llm_timeout = 60.0
    events = list(chat.stream(session, "is there a herniation at L4-L5?"))
    started = [e for e in events if isinstance(e, ToolStarted)]
    assert [(e.name, dict(e.args)) for e in started] == [("get_findings", CALL["arguments"])]
    answer = events[-1]
    assert isinstance(answer, Answer), answer
    assert answer.text.strip() == TOLD
    assert answer.guarded == ()
    assert answer.images


def test_a_gguf_file_calls_a_tool_and_words_its_findings(file: Path, session: Session) -> None:
    led(session, f"gguf:{file}")


def test_so_it_does_behind_a_server(served: tuple[str, str], session: Session) -> None:
    model, url = served
    led(session, f"openai:{model}@{url}")
