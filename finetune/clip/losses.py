"""Contrastive losses of images and captions, of which many are true of many images.

``plain`` is CLIP's own (Radford et al. 2021): each image has its own caption and all others count
as false, true or not. ``masked`` leaves the other true captions out of the sum that the own one is
held against, and takes every true image of a caption as a hit (as supervised contrastive learning
does: Khosla et al. 2020). ``sigmoid`` asks of each pair alone whether the caption is true of the
image (SigLIP: Zhai et al. 2023). Hard negatives are further captions, false of the image that they
were made for.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

LOSSES = ("masked", "sigmoid", "plain")
_NEVER = -1e4


def contrast(kind: str, logits: Tensor, true: Tensor, owner: Tensor, own: Tensor) -> Tensor:
    """The loss of a batch.

    Args:
        kind: of LOSSES.
        logits: (images, captions), scaled similarities.
        true: (images, captions) bool, whether the caption is true of the image.
        owner: (captions,) the image that a caption was made for.
        own: (captions,) bool, made as true of its image; the others are hard negatives.
    """
    if kind == "sigmoid":
        signs = true.to(logits.dtype) * 2 - 1
        return -functional.logsigmoid(signs * logits).sum() / len(logits)
    columns = torch.nonzero(own)[:, 0]
    rows = owner[columns]
    paired = logits[rows, columns]
    if kind == "plain":
        to_text = paired - logits.logsumexp(1)[rows]
        to_image = paired - logits.logsumexp(0)[columns]
        return -(to_text.mean() + to_image.mean()) / 2
    false = logits.masked_fill(true, _NEVER)
    to_text = paired - torch.logaddexp(paired, false.logsumexp(1)[rows])
    against = torch.logaddexp(logits, false.logsumexp(0)[None])
    share = true[:, columns].to(logits.dtype)
    share = share / share.sum(0, keepdim=True)
    to_image = (share * (logits - against)[:, columns]).sum(0)
    return -(to_text.mean() + to_image.mean()) / 2
