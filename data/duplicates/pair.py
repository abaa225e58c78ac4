"""Two cases of different patients that must not be told apart by a split."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["file", "picture", "person", "text"]
"""What two cases share: a file's bytes; a picture, cropped, scaled, turned or recoded; a person by
the look of another slice or weighting; a text."""

Turn = Literal["", "mirrored", "upside down", "rotated by 180 degrees"]

Node = TypeVar("Node", bound=Hashable)


class Pair(BaseModel):
    """Two cases of different patients that share something."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    cases: tuple[str, str]
    patients: tuple[str, str]
    images: tuple[str, str] | None = Field(default=None, description="Paths; null for texts")
    likeness: float = Field(description="Of details for pictures, of wording for texts; 1 is equal")
    turn: Turn = Field(default="", description="How the second picture lies against the first")


def groups_of(pairs: Iterable[tuple[Node, Node]]) -> list[set[Node]]:
    """The sets of nodes that pairs connect, each of two or more, by union and find."""
    parent: dict[Node, Node] = {}

    def root(node: Node) -> Node:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for one, other in pairs:
        parent[root(one)] = root(other)
    groups: dict[Node, set[Node]] = {}
    for node in parent:
        groups.setdefault(root(node), set()).add(node)
    return [group for group in groups.values() if len(group) > 1]
