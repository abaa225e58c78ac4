"""What of the observations a report would state: for doors that state them one by one."""

from __future__ import annotations

from collections.abc import Sequence

from etl.extract import STRUCTURES, finding
from etl.transform import consistent
from radixgpt.eligibility import Eligibility
from radixgpt.observation import Observation


def settled(
    observations: Sequence[Observation], eligibility: Eligibility
) -> tuple[Observation, ...]:
    """The observations, of which those that a report leaves open have no value.

    Two that say against one another, as a measured slip and the grading of spondylolisthesis may,
    are both right on their own; only together are they indeterminate.

    Args:
        observations: of one study.
        eligibility: which series were graded.
    """
    said = [finding(o, {}) for o in observations if o.kind not in STRUCTURES]
    # Each keeps the id of its observation.
    kept = {f.id: f for f in consistent(said, eligibility)}
    found = []
    for o in observations:
        f = kept.get(o.id)
        if f is None or f.status == o.status:
            found.append(o)
            continue
        update = {"status": f.status, "value": None, "confidence": None, "reason": f.reason}
        found.append(o.model_copy(update=update))
    return tuple(found)
