"""What a conversation remembers: its latest state, without the pictures that tools have shown."""

from __future__ import annotations

import threading
from typing import Any

from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.memory import InMemorySaver

_KEPT = 2
"""States of a conversation that are kept: the present one, and the one that its writes name."""


class Memory(InMemorySaver):
    """Keeps one conversation; one about another study takes its place.

    LangGraph's own keeps every step of every turn with the whole conversation in each: pictures
    and all, that grows with the square of the turns.
    """

    def __init__(self) -> None:
        super().__init__()
        self._change = threading.Lock()

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep a state, and forget those before it."""
        lean = checkpoint.copy()
        lean["channel_values"] = {
            name: _without_pictures(value) for name, value in checkpoint["channel_values"].items()
        }
        with self._change:
            saved = super().put(config, lean, metadata, new_versions)
            self._forget(config["configurable"]["thread_id"])
        return saved

    def _forget(self, thread: str) -> None:
        for other in [name for name in self.storage if name != thread]:
            self.delete_thread(other)
        for space, states in self.storage[thread].items():
            for old in sorted(states)[:-_KEPT]:
                del states[old]
            first = min(states)
            for place in list(self.writes):
                if place[:2] == (thread, space) and place[2] < first:
                    del self.writes[place]
            versions = [
                self.serde.loads_typed(kept[0])["channel_versions"] for kept in states.values()
            ]
            used = {(name, version) for each in versions for name, version in each.items()}
            for blob in list(self.blobs):
                if blob[:2] == (thread, space) and (blob[2], blob[3]) not in used:
                    del self.blobs[blob]


def _without_pictures(value: Any) -> Any:
    """Messages without what tools have shown to the person: no model and no later turn reads it."""
    if not isinstance(value, list):
        return value
    return [
        one.model_copy(update={"artifact": None})
        if isinstance(one, ToolMessage) and one.artifact is not None
        else one
        for one in value
    ]
