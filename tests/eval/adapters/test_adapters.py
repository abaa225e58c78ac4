"""Learned metrics in a process of their own: BERTScore on a tiny model, and what is refused."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import cli
from eval.adapters import families, process
from eval.adapters.process import Adapter, Process
from eval.batch import scoring
from eval.batch.engine import EngineName, engine
from eval.batch.family import Shared
from eval.batch.metrics import FAMILIES
from eval.batch.pairs import Pair
from radixgpt.errors import MissingPackageError, RadixError, SettingsError, WeightsError

WORDS = ("mild", "severe", "disc", "bulge", "stenosis", "at", "l4", "l5", "no", "normal", "-", ".")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of the published kind with random weights, two layers deep."""
    transformers = pytest.importorskip("transformers", reason="needs the llm extra")
    import torch

    folder = tmp_path_factory.mktemp("tiny")
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    (folder / "vocab.txt").write_text("\n".join([*special, *WORDS]), encoding="utf-8")
    tokenizer = transformers.BertTokenizerFast(str(folder / "vocab.txt"))
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(special) + len(WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    tokenizer.save_pretrained(folder)
    transformers.BertModel(config).save_pretrained(folder)
    return folder


def test_bertscore_is_greedy_matching_of_the_models_embeddings(tiny: Path) -> None:
    import torch
    import transformers

    candidate, reference = "mild disc bulge at l4-l5.", "no stenosis, severe disc bulge"
    worker = Process("bertscore", Adapter("", {"model": str(tiny), "layer": "1"}))
    try:
        assert worker.version.endswith("|layer:1")
        first, same, empty, several = worker.results(
            [candidate, reference, "", candidate],
            [[reference], [reference], [reference], ["normal", reference, candidate]],
        )
    finally:
        worker.close()
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny)
    model = transformers.AutoModel.from_pretrained(tiny).eval()

    def embedded(text: str) -> torch.Tensor:
        with torch.no_grad():
            inputs = tokenizer(text, return_tensors="pt")
            found = model(**inputs, output_hidden_states=True).hidden_states[1][0]
        return torch.nn.functional.normalize(found, dim=1)

    mine, theirs = embedded(candidate), embedded(reference)
    precision = np.mean([max(float(x @ y) for y in theirs) for x in mine[1:-1]])
    recall = np.mean([max(float(x @ y) for x in mine) for y in theirs[1:-1]])
    f1 = 2 * precision * recall / (precision + recall)
    assert first == pytest.approx([precision, recall, f1], abs=1e-5)
    assert same == pytest.approx([1, 1, 1], abs=1e-5)
    assert several == pytest.approx([1, 1, 1], abs=1e-5)
    assert empty == [0, 0, 0]


def test_a_learned_metric_is_scored_as_any_other(tiny: Path) -> None:
    shared = Shared(adapters=families.adapters(models=f"bertscore={tiny}@2"))
    texts = ["mild disc bulge", "severe stenosis at l4-l5", "normal", "no bulge"]
    pairs = [Pair(str(i), text, (texts[i % 2],), str(i)) for i, text in enumerate(texts)]
    assert scoring.usable(["bertscore"], shared) == (["bertscore"], {})
    with engine(EngineName.SERIAL) as run:
        scored = scoring.joined(scoring.score(pairs, ["bertscore"], run, shared=shared, size=3))
    f1 = scored.scores()["bertscore_f1"]
    assert f1[:2] == pytest.approx([1, 1], abs=1e-5)
    assert (f1[2:] < 0.999).all()
    score = scoring.summary(scored, draws=20, shared=shared)[-1]
    assert score.value == pytest.approx(f1.mean())
    assert "|layer:2" in score.signature


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="needs the llm extra")
    shared = Shared(adapters=families.adapters(models=f"bertscore={tmp_path / 'no model'}"))
    with pytest.raises(WeightsError, match=r"bertscore: no weights in .*no model") as told:
        scoring.usable(["bertscore"], shared)
    assert "Name a folder" in told.value.mend
    with pytest.raises(WeightsError, match="no weights roberta-large on this machine") as told:
        Process("bertscore", Adapter())
    assert "hf download roberta-large" in told.value.mend


def test_a_layer_the_model_lacks_is_refused(tiny: Path) -> None:
    with pytest.raises(SettingsError, match="no layer 3"):
        Process("bertscore", Adapter("", {"model": str(tiny), "layer": "3"}))


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("radgraph_xl", "radgraph"),
        ("chexbert", "f1chexbert"),
        ("ratescore", "RaTEScore"),
        ("green", "green_score"),
    ],
)
def test_packages_that_are_not_there_are_named(name: str, package: str) -> None:
    if find_spec(package) is not None:
        pytest.skip(f"{package} is installed here")
    with pytest.raises(MissingPackageError, match=f"{name}: no package {package}") as told:
        scoring.usable([name])
    assert "pip install" in told.value.mend


def test_they_run_only_where_they_are_asked_for() -> None:
    usable, left_out = scoring.usable([])
    assert not {*usable, *left_out} & set(families.NAMES)
    assert set(families.NAMES) < set(FAMILIES)


def test_on_the_command_line_a_missing_metric_is_an_error_and_no_score(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,text\n1,disc\n", encoding="utf-8")
    table = str(tmp_path / "t.csv")
    said = CliRunner().invoke(
        cli.app,
        [
            *("eval", "score", "-r", table, "-c", table, "-o", str(tmp_path / "out")),
            *("--metrics", "bertscore", "--adapter-models", f"bertscore={tmp_path}", "--json"),
        ],
    )
    assert said.exit_code == 5
    assert "bertscore: no " in json.loads(said.stdout)["error"]["problem"]
    assert not (tmp_path / "out").exists()


def test_settings_name_adapters() -> None:
    found = families.adapters("/one/python", "bertscore=a/b@3, green=c")
    assert {adapter.python for adapter in found.values()} == {"/one/python"}
    assert found["bertscore"].options == {"model": "a/b", "layer": "3"}
    assert found["green"].options == {"model": "c"}
    assert families.adapters("green=/x").get("green") == Adapter("/x", {})
    for pythons, models in (("", "bert=a"), ("green=", ""), ("", "model")):
        with pytest.raises(SettingsError, match="names no adapter"):
            families.adapters(pythons, models)


def test_a_python_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingPackageError, match="green: its Python can't be started"):
        Process("green", Adapter(str(tmp_path / "python")))


@pytest.mark.parametrize(
    ("answer", "told"),
    [("hello", "it answered no JSON"), ("[1]", "it answered no object"), ("{}", "no worker")],
)
def test_a_python_that_answers_something_else_is_told(
    tmp_path: Path, answer: str, told: str
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nread asked\necho '{answer}'\n", encoding="utf-8")
    python.chmod(0o755)
    with pytest.raises(RadixError, match=f"green: its process failed: .*{told}"):
        Process("green", Adapter(str(python)))


def test_a_worker_that_fails_names_the_kind_of_failure_and_no_text(tiny: Path) -> None:
    worker = Process("bertscore", Adapter("", {"model": str(tiny)}))
    with pytest.raises(RadixError, match="bertscore: its process failed: AttributeError") as told:
        worker.results(["a secret report"], [[None]])  # type: ignore[list-item]
    assert "secret" not in str(told.value)
    worker.close()
    worker.close()
    with pytest.raises(RadixError, match="it ended"):
        worker.results(["a"], [["b"]])


def test_what_workers_say_becomes_rows_that_add_up() -> None:
    entity = {"tokens": "bulge", "label": "OBS-DP", "relations": []}
    annotation = {"entities": {"1": entity}}
    none: dict[str, object] = {"entities": {}}
    rows = {family.name: family for family in families.ADAPTERS}
    found = families._radgraph_rows([[annotation, [none, annotation]], [annotation, [none]]])
    assert rows["radgraph_xl"].figures["radgraph_xl_partial"](found).tolist() == [1.0, 0.0]

    scores = families._plain_rows([0.5, None, 1.0])
    green = rows["green"].figures["green"]
    assert np.isnan(green(scores)).tolist() == [False, True, False]
    assert green(scores.sum(axis=0, keepdims=True))[0] == 0.75


def test_chexbert_f1_is_scikit_learns() -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="needs the data extra")
    rng = np.random.default_rng(0)
    theirs, mine = rng.integers(0, 2, (2, 30, families.LABELS))
    theirs[:, 3] = mine[:, 3] = 0  # an observation that nobody states
    rows = families._chexbert_rows(list(zip(mine.tolist(), theirs.tolist(), strict=True)))
    sums = rows.sum(axis=0, keepdims=True)
    figures = next(f for f in families.ADAPTERS if f.name == "chexbert").figures
    for kind in ("micro", "macro"):
        wanted = metrics.f1_score(theirs, mine, average=kind, zero_division=0)
        assert figures[f"chexbert_{kind}_f1_14"](sums)[0] == pytest.approx(wanted)
        five = list(families.FIVE)
        wanted = metrics.f1_score(theirs[:, five], mine[:, five], average=kind, zero_division=0)
        assert figures[f"chexbert_{kind}_f1_5"](sums)[0] == pytest.approx(wanted)


def test_the_worker_imports_nothing_of_the_project() -> None:
    code = "import sys; import runpy; runpy.run_path(sys.argv[1]); print(*sorted(sys.modules))"
    import subprocess

    said = subprocess.run(
        [sys.executable, "-I", "-c", code, str(process.WORKER)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert not {"eval", "radixgpt", "transformers", "torch", "numpy"} & set(said)
