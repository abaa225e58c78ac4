"""The card of an adapter: what it is, what it learned from, and what is not known of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from finetune.vlm.pairs import Pair
from finetune.vlm.recipe import Recipe
from finetune.vlm.train import Run
from tools.captioner.published import Trained

_WROTE = {"generated": "generated from gradings by a program", "human": "written by people"}


def text(name: str, trained: Trained, recipe: Recipe, pairs: Sequence[Pair], run: Run) -> str:
    """The card as Markdown.

    Args:
        name: of the model that was adapted, without a path.
        trained: what is written beside the adapter.
        recipe: how it was trained.
        pairs: what it learned from.
        run: what came of it.
    """
    patients = len({pair.patient for pair in pairs})
    sources = Counter((pair.source, pair.licence) for pair in pairs)
    scopes = ", ".join(f"{n} of a {of}" for of, n in Counter(p.of for p in pairs).items())
    texts = "; ".join(f"{n} {_WROTE.get(who, who)}" for who, n in sorted(trained.data.items()))
    from_ = "\n".join(f"- {source}: {n} pairs, {lic}" for (source, lic), n in sources.items())
    where = " and the vision tower" if recipe.adapt_vision else ", the vision tower frozen"
    whole = "; the projector trained whole" if recipe.train_projector else ""
    best = min(run.marks.values(), default=None)
    marked = (
        "No development pairs were given: nothing is known of patients that it did not see."
        if best is None
        else f"Loss on the development pairs, at its lowest: {best:.3f} nats a token. This says "
        "how likely the reference captions are, and not whether findings are right."
    )
    return f"""# {name}, adapted as captioner

Low-rank adapters of rank {recipe.rank} in the language model{where}{whole}. {trained.steps} steps
of {recipe.batch} pairs, seed {recipe.seed}. For research; not a medical device.

## Learned from

{len(pairs)} pairs of the training split, {patients} patients ({scopes}). Captions: {texts}.

{from_}

The licence of the adapted model holds besides.

## Measured

{marked} Whether it finds what is there is to be measured before anyone believes it:

    python -m finetune.vlm generate ADAPTER --pairs DEVELOPMENT -o candidates.csv \\
        --references references.csv
    radixgpt eval score --references references.csv --candidates candidates.csv -o OUT

## Limits

It says what is likely to be written of such images, which is not what is in them. RadiXGPT keeps of
its text what its other tools saw, and nothing else.
"""
