"""How a disc grader is trained: every choice that an ablation can take back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """What goes into one training.

    Attributes:
        epochs: passes over the patients.
        patients: patients a step.
        only: the one sequence that is shown, ``t1`` or ``t2``; None shows both.
        context: whether the discs of a patient see one another.
        ordinal: thresholds between neighbouring Pfirrmann grades; otherwise a softmax.
        near: T2 SPACE slices beside the middle one as further views of their patients.
        flips: share of the discs that are shown upside down, with the endplates' grades swapped.
        smoothing: how far the targets stay from 0 and 1, for the noise of one rater.
        pretrained: start from ImageNet weights.
        begin: weights of an encoder to start from instead; a file of ``finetune.classifier``.
        rate: the highest learning rate of the heads; the encoder's is a quarter of it.
        averaging: decay of the moving average of the weights, a step.
        drawn: the discs are phantoms', of whose binary kinds only the slip is drawn.
        taught: share of the targets that teachers give, looking at the same distorted discs.
        seed: of everything that is drawn.
    """

    epochs: int = 18
    patients: int = 4
    only: str | None = None
    context: bool = True
    ordinal: bool = True
    near: bool = False
    flips: float = 0.0
    smoothing: float = 0.03
    pretrained: bool = True
    begin: str = ""
    rate: float = 1e-3
    averaging: float = 0.99
    drawn: bool = False
    taught: float = 0.0
    seed: int = 5
