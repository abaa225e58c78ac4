"""A linear model on frozen vectors: what vectors of discs hold, whoever made them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from finetune.classifier_data import DiscViews
from finetune.clip import marks, pairs, prompts
from finetune.clip.marks import Figures
from retrieval.encoder import Floats

_STRENGTH = 0.003
"""Of the logistic models on standardised vectors (scikit-learn's C); few discs, many features."""


def imagenet_features(discs: Sequence[DiscViews]) -> Floats:
    """Frozen ImageNet features (n, 2560) of T2 beside T1; where one is missing, twice the other."""
    from finetune.levels import imagenet
    from tools.backbone import EfficientNetLite0

    network = EfficientNetLite0().eval()
    network.load_imagenet(imagenet())
    out: list[Floats] = []
    for k in range(0, len(discs), 16):
        views = [pairs.views_of(d) for d in discs[k : k + 16]]
        parts = []
        for first, second in (("t2", "t1"), ("t1", "t2")):
            crops = np.stack([v.get(first, v.get(second)) for v in views])  # type: ignore[arg-type]
            with torch.inference_mode():
                parts.append(network(torch.from_numpy(crops)[:, None]).numpy())
        out.append(np.concatenate(parts, 1))
    return np.concatenate(out)


def probed(
    known: Floats, taught: Sequence[DiscViews], vectors: Floats, discs: Sequence[DiscViews]
) -> Figures:
    """Figures on discs (``vectors``) of logistic models fitted on others (``known``)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scale = StandardScaler().fit(known)
    learn, asked = scale.transform(known), scale.transform(vectors)
    facts = [pairs.facts_of(d) for d in taught]
    grade = LogisticRegression(C=_STRENGTH, max_iter=2000)
    grade.fit(learn, [one["pfirrmann"] for one in facts])
    scores = {}
    for kind, allowed in prompts.PRESENT.items():
        model = LogisticRegression(C=_STRENGTH, max_iter=2000)
        model.fit(learn, [one[kind] in allowed for one in facts])
        scores[kind] = model.decision_function(asked)
    return marks.graded(grade.predict(asked), scores, discs)
