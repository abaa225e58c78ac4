"""One learned metric, run by itself: ``PYTHON worker.py NAME`` with JSON lines in and out.

This file is run by the Python of an adapter's environment, so it imports nothing of the project,
and a metric's package only when that metric is asked for. The first line in gives the options, the
first line out is ``{"ready": version}`` or ``{"missing": what, "mend": how, "kind": ...}``. Then
each line ``{"candidates": [...], "references": [[...], ...]}`` is answered by ``{"results":
[...]}``, one a candidate. Whatever a package prints goes to the standard error. Nothing is
downloaded: weights have to be on the machine.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

Lists = Sequence[Sequence[str]]


class Missing(Exception):  # noqa: N818  said to the other side, not raised there
    """A package or weights that are not there."""

    def __init__(self, what: str, mend: str, kind: str = "weights") -> None:
        super().__init__(what)
        self.what, self.mend, self.kind = what, mend, kind


def package(name: str, distribution: str, also: str = "") -> Any:
    """Import a package, or say how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        lacks = error.name or name
        raise Missing(
            f"no package {lacks}",
            f"Install it in that Python: pip install {distribution}{also}.",
            "package",
        ) from error


def version_of(distribution: str) -> str:
    """The installed version of a distribution."""
    try:
        return f"{distribution} {metadata.version(distribution)}"
    except metadata.PackageNotFoundError:
        return distribution


def hub_weights(model: str, error: Exception) -> Missing:
    """Weights of a hub that are not on this machine, or of a folder that holds none."""
    if Path(model).is_absolute() or Path(model).exists():
        return Missing(
            f"no weights in {model} that can be read ({type(error).__name__})",
            "Name a folder that holds them, or a model of the hub.",
        )
    return Missing(
        f"no weights {model} on this machine ({type(error).__name__})",
        f"Fetch them once with `hf download {model}`, or name a folder that holds them.",
    )


class BertScore:
    """Greedy matching of contextual embeddings (Zhang et al., ICLR 2020), without idf or rescaling.

    As the package bert-score computes it: the layer that its authors chose for a model, else the
    last; the ends of a text take part in matching but not in the means; of several references the
    best precision, recall and F1.
    """

    LAYERS = {  # noqa: RUF012
        "bert-base-uncased": 9,
        "bert-large-uncased": 18,
        "roberta-base": 10,
        "roberta-large": 17,
        "distilbert-base-uncased": 5,
        "microsoft/deberta-base": 9,
        "microsoft/deberta-large-mnli": 18,
        "microsoft/deberta-xlarge-mnli": 40,
    }

    def __init__(self, options: dict[str, Any]) -> None:
        transformers = package("transformers", "transformers", " torch")
        package("torch", "torch")
        name = options.get("model") or "roberta-large"
        try:
            self.tokenizer = transformers.AutoTokenizer.from_pretrained(name, local_files_only=True)
            self.model = transformers.AutoModel.from_pretrained(name, local_files_only=True)
        except (OSError, ValueError) as error:
            raise hub_weights(name, error) from error
        self.model.eval().requires_grad_(False)
        deepest = self.model.config.num_hidden_layers
        self.layer = int(options.get("layer") or self.LAYERS.get(name, deepest))
        if not 0 < self.layer <= deepest:
            raise Missing(
                f"no layer {self.layer} in {name}", f"Name one of 1 to {deepest}.", "settings"
            )
        # Some tokenizers state no limit, or one beyond the model's positions.
        places = getattr(self.model.config, "max_position_embeddings", 512)
        self.limit = min(self.tokenizer.model_max_length, places)
        if getattr(self.model.config, "model_type", "") == "roberta":
            self.limit = min(self.limit, places - 2)
        self.version = f"{version_of('transformers')}|model:{Path(name).name}|layer:{self.layer}"

    def embed(self, text: str) -> tuple[Any, Any]:
        """Unit embeddings (tokens, size), and which tokens are no ends of the text."""
        import numpy as np

        inputs = self.tokenizer(
            text.strip(), truncation=True, max_length=self.limit, return_tensors="pt"
        )
        found = self.model(**inputs, output_hidden_states=True).hidden_states[self.layer][0]
        vectors = found.float().numpy()
        ends = (self.tokenizer.cls_token_id, self.tokenizer.sep_token_id)
        words = ~np.isin(inputs["input_ids"][0].numpy(), ends)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), words

    def results(self, candidates: Sequence[str], references: Lists) -> list[list[float]]:
        """Precision, recall and F1 of each candidate; 0 of a text without a token."""
        found = []
        for candidate, texts in zip(candidates, references):  # noqa: B905  Python 3.9 may run this
            mine, own = self.embed(candidate)
            best = [0.0, 0.0, 0.0]
            for text in texts:
                theirs, words = self.embed(text)
                if not own.any() or not words.any():
                    continue
                alike = mine @ theirs.T
                precision = float(alike.max(axis=1)[own].mean())
                recall = float(alike.max(axis=0)[words].mean())
                total = precision + recall
                f1 = 2 * precision * recall / total if total > 0 else 0.0
                best = [max(pair) for pair in zip(best, (precision, recall, f1))]  # noqa: B905
            found.append(best)
        return found


class RadGraphXL:
    """Annotations by the published RadGraph-XL model (Delbrouck et al., ACL Findings 2024)."""

    def __init__(self, options: dict[str, Any]) -> None:
        module = package("radgraph", "radgraph")
        kind = options.get("model") or "radgraph-xl"
        folder = Path(options.get("cache") or package("radgraph.radgraph", "radgraph").CACHE_DIR)
        if not (folder / kind / "weights.th").is_file():
            raise Missing(
                f"no weights {kind}",
                f"Fetch {kind}.tar.gz of StanfordAIMI/RRG_scorers with `hf download` and unpack it "
                f"as the folder {kind} of radgraph's cache.",
            )
        try:
            self.model = module.RadGraph(model_type=kind, model_cache_dir=str(folder))
        except OSError as error:
            raise hub_weights("that RadGraph's encoder starts from", error) from error
        self.version = f"{version_of('radgraph')}|model:{kind}"

    def annotate(self, text: str) -> Any:
        """The entities of one text; none of an empty one."""
        if not text.strip():
            return {"entities": {}}
        return {"entities": self.model([text])["0"]["entities"]}

    def results(self, candidates: Sequence[str], references: Lists) -> list[Any]:
        """Annotations of both sides."""
        return [
            [self.annotate(candidate), [self.annotate(text) for text in texts]]
            for candidate, texts in zip(candidates, references)  # noqa: B905
        ]


class CheXbert:
    """Labels by CheXbert (Smit et al., EMNLP 2020): 14 observations of chest radiographs."""

    def __init__(self, options: dict[str, Any]) -> None:
        module = package("f1chexbert.f1chexbert", "f1chexbert")
        checkpoint = Path(module.CACHE_DIR) / "chexbert.pth"
        if not checkpoint.is_file():
            raise Missing(
                "no weights chexbert.pth",
                "Fetch chexbert.pth of StanfordAIMI/RRG_scorers with `hf download` into "
                "f1chexbert's cache.",
            )
        try:
            self.model = module.F1CheXbert(device=options.get("device") or None)
        except OSError as error:
            raise hub_weights("bert-base-uncased", error) from error
        self.version = version_of("f1chexbert")

    def results(self, candidates: Sequence[str], references: Lists) -> list[Any]:
        """Labels (0 or 1, uncertain as 1) of each candidate and of its first reference."""
        return [
            [self.model.get_label(candidate.strip()), self.model.get_label(texts[0].strip())]
            for candidate, texts in zip(candidates, references)  # noqa: B905
        ]


class RateScore:
    """RaTEScore (Zhao et al., EMNLP 2024), as its package computes it: 0.5 without entities."""

    def __init__(self, options: dict[str, Any]) -> None:
        module = package("RaTEScore", "RaTEScore")
        names = [part for part in (options.get("model") or "").split("+") if part]
        finder, encoder = names or ["Angelakeke/RaTE-NER-Deberta", "FremyCompany/BioLORD-2023-C"]
        try:
            self.model = module.RaTEScore(
                bert_model=finder,
                eval_model=encoder,
                use_gpu=str(options.get("device") or "cpu").startswith("cuda"),
            )
        except (OSError, ValueError) as error:
            raise hub_weights(f"{finder} and {encoder}", error) from error
        self.version = f"{version_of('RaTEScore')}|models:{Path(finder).name}+{Path(encoder).name}"

    def results(self, candidates: Sequence[str], references: Lists) -> list[Any]:
        """The best score of each candidate over its references."""
        return best_of(self.model.compute_score, candidates, references)


class Green:
    """GREEN (Ostmeier et al., EMNLP Findings 2024); its language model wants a GPU."""

    def __init__(self, options: dict[str, Any]) -> None:
        module = package("green_score", "green-score")
        name = options.get("model") or "StanfordAIMI/GREEN-radllama2-7b"
        self.folder = tempfile.TemporaryDirectory()  # its package writes the texts to a file
        try:
            self.model = module.GREEN(name, output_dir=self.folder.name)
        except (OSError, ValueError) as error:
            raise hub_weights(name, error) from error
        self.version = f"{version_of('green-score')}|model:{Path(name).name}"

    def results(self, candidates: Sequence[str], references: Lists) -> list[Any]:
        """The best score of each candidate; null where the model's answer has none."""

        def score(mine: list[str], theirs: list[str]) -> list[Any]:
            return list(self.model(theirs, mine)[2])

        return best_of(score, candidates, references)


def best_of(score: Any, candidates: Sequence[str], references: Lists) -> list[Any]:
    """Score all pairs in one call; of each candidate the best that there is."""
    mine = [c for c, texts in zip(candidates, references) for _ in texts]  # noqa: B905
    flat = iter(score(mine, [text for texts in references for text in texts]) if mine else [])
    found: list[Any] = []
    for texts in references:
        known = [float(x) for x in (next(flat) for _ in texts) if x is not None]
        found.append(max(known) if known else None)
    return found


METRICS: dict[str, Any] = {
    "bertscore": BertScore,
    "radgraph_xl": RadGraphXL,
    "chexbert": CheXbert,
    "ratescore": RateScore,
    "green": Green,
}


def main(name: str) -> None:
    """Serve one metric until the input ends."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what packages print is no answer

    def say(value: Any) -> None:
        out.write(json.dumps(value) + "\n")
        out.flush()

    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
    lines = iter(sys.stdin)
    try:
        metric = METRICS[name](json.loads(next(lines)))
    except Missing as lack:
        say({"missing": lack.what, "mend": lack.mend, "kind": lack.kind})
        return
    say({"ready": metric.version})
    for line in lines:
        asked = json.loads(line)
        say({"results": metric.results(asked["candidates"], asked["references"])})


if __name__ == "__main__":
    main(sys.argv[1])
