"""``radixgpt eval run``: systems over a split, from cases to scores."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from typer.testing import CliRunner

import cli
from data.synth import bundled
from radixgpt.case import Case, Image, StatedFinding, write_cases

run = CliRunner().invoke
SAID = "At L4-L5 there is a disc bulge."


def _case(number: int, split: str, *, bulges: bool) -> Case:
    found = StatedFinding(
        level="L4-L5", kind="disc_bulging", assertion="present" if bulges else "absent"
    )
    return Case.model_validate(
        {
            "id": f"made/{number}",
            "source": "made",
            "licence": "none",
            "patient": f"made/{number}",
            "images": [Image(path=f"{number}.png", sha256="0", modality="MR", region="lumbar")],
            "findings": [found],
            "split": split,
        }
    )


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Three training cases and two to run; pictures of a bulging kind are dark on top."""
    pytest.importorskip("pyarrow", reason="needs the eval extra")
    cases = [
        _case(number, "train" if number < 3 else "development", bulges=number in (1, 2, 3))
        for number in range(5)
    ]
    for number, case in enumerate(cases):
        pixels = np.random.default_rng(number).integers(0, 40, (96, 64)).astype(np.uint8)
        bright = case.findings[0].assertion == "absent"
        pixels[: 48 if bright else 96, :: 2 if bright else 7] += 180
        Picture.fromarray(pixels, mode="L").save(tmp_path / f"{number}.png")
    write_cases(tmp_path / "cases.jsonl", cases)
    return tmp_path


def _run(workspace: Path, system: str, *more: str, out: str = "out") -> dict[str, float]:
    result = run(
        cli.app,
        [
            *("eval", "run", "--system", system, "--cases", str(workspace / "cases.jsonl")),
            *("-o", str(workspace / out), "--draws", "20", "--json", "--quiet", *more),
        ],
    )
    assert result.exit_code == 0, result.output
    return {score["metric"]: score["value"] for score in json.loads(result.stdout)["scores"]}


def test_constant_systems_are_scored_against_gradings(workspace: Path) -> None:
    normals = _run(workspace, "template-of-normals", out="a")
    assert (normals["finding_f1"], normals["findings_negated"]) == (0, 1)
    frequent = _run(workspace, "most-frequent", out="b")
    assert frequent["finding_precision"] == pytest.approx(1 / 2)
    assert frequent["finding_recall"] == 1
    told = json.loads((workspace / "b" / "scores.json").read_text(encoding="utf-8"))["settings"]
    assert told["references"] == {"human": 0, "generated from gradings": 2}
    assert told["run"]["system"] == "most-frequent"
    assert (workspace / "b" / "index.html").is_file()


def test_the_nearest_neighbour_looks_at_images(workspace: Path) -> None:
    assert _run(workspace, "nearest-neighbour")["finding_f1"] == 1
    assert _run(workspace, "nearest-neighbour", "--probe", "swapped", out="s")["finding_f1"] == 0


def test_a_run_goes_on_and_another_is_refused(workspace: Path) -> None:
    first = _run(workspace, "template-of-normals", "--limit", "1")
    outputs = (workspace / "out" / "outputs.jsonl").read_text(encoding="utf-8")
    whole = _run(workspace, "template-of-normals")
    assert (workspace / "out" / "outputs.jsonl").read_text(encoding="utf-8").startswith(outputs)
    assert first != whole
    other = run(
        cli.app,
        [
            *("eval", "run", "--system", "most-frequent"),
            *("--cases", str(workspace / "cases.jsonl"), "-o", str(workspace / "out")),
        ],
    )
    assert other.exit_code == 2
    assert "Another run lies in this folder" in other.stderr


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (["--system", "magic"], 2, "no system 'magic'"),
        (["--system", "llm-without-images", "--llm", "embedded"], 7, "writes no reports"),
        (["--system", "most-frequent", "--split", "test"], 3, "No case of the split test"),
        (["--system", "most-frequent", "--source", "elsewhere"], 3, "No case of the split"),
    ],
)
def test_what_can_not_run_is_told(workspace: Path, asked: list[str], code: int, said: str) -> None:
    cases = ["--cases", str(workspace / "cases.jsonl"), "-o", str(workspace / "out")]
    result = run(cli.app, ["eval", "run", *asked, *cases])
    assert result.exit_code == code, result.output
    assert said in result.stderr
    assert not (workspace / "out").exists()


class _Server:
    """Speaks as an OpenAI-compatible server and keeps what it is told; once it fails."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                first = len(outer.asked) == 1
                message = {"role": "assistant", "content": SAID}
                body = (
                    {"error": {"message": "no", "type": "x"}}
                    if first
                    else {
                        **{"id": "1", "object": "chat.completion", "created": 1, "model": "t"},
                        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
                    }
                )
                content = json.dumps(body).encode()
                self.send_response(400 if first else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Server]:
    pytest.importorskip("langchain_openai", reason="needs the llm extra")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = _Server()
    thread = threading.Thread(target=made.http.serve_forever, daemon=True)
    thread.start()
    yield made
    made.http.shutdown()
    made.http.server_close()
    thread.join()


def test_a_blind_model_is_told_the_exam_alone_and_a_failure_is_its_case_s(
    workspace: Path, server: _Server
) -> None:
    model = f"openai:tiny@http://127.0.0.1:{server.http.server_port}/v1"
    scores = _run(workspace, "llm-without-images", "--llm", model)
    assert len(server.asked) == 2
    for asked in server.asked:
        assert "MR of the lumbar spine" in asked
        assert "made" not in asked
        assert "png" not in asked
    assert scores["finding_recall"] == 0, "the case that bulges is the one that failed"
    told = json.loads((workspace / "out" / "scores.json").read_text(encoding="utf-8"))["settings"]
    assert list(told["failures"]) == ["made/3"]
    assert "http" not in json.dumps(told)


def test_the_pipeline_reports_a_study_that_it_can_read(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs the eval extra")
    folder = tmp_path / "study"
    folder.mkdir()
    for file in bundled.study_folder().iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    Picture.fromarray(np.full((64, 64), 9, np.uint8), mode="L").save(tmp_path / "4.png")
    worn = [StatedFinding(level="L4-L5", kind="pfirrmann", value=4)]
    image = Image(path="study", sha256="0", modality="MR", region="lumbar")
    phantom = _case(3, "development", bulges=True).model_copy(
        update={"images": (image,), "findings": tuple(worn)}
    )
    write_cases(tmp_path / "cases.jsonl", [phantom, _case(4, "development", bulges=True)])
    scores = _run(tmp_path, "radixgpt", "--metrics", "findings")
    assert scores["finding_recall"] == pytest.approx(1 / 2)
    outputs = (tmp_path / "out" / "outputs.jsonl").read_text(encoding="utf-8").splitlines()
    assert '"findings":[]' in outputs[1], "a blank picture is refused, and states nothing"


def test_a_caption_is_marked_by_what_its_text_states(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs the eval extra")
    from commands.eval.systems import Captions
    from eval.run.system import Asked
    from radixgpt.language.reader import findings_in

    folder = bundled.study_folder(tmp_path / "study")
    answer = Captions("embedded")()(Asked(folder, "MR of the lumbar spine", 0))
    assert answer.findings is None
    assert {one.kind for one in findings_in(answer.text)} & {"pfirrmann", "disc_bulging"}
