"""What a run is made with, by hash: source, prompts, weights, tools, packages."""

from __future__ import annotations

import platform
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from agent.audit.lines import canonical, sha256

_ROOT = Path(__file__).resolve().parents[2]
_CODE = ("agent", "etl", "prompts", "radixgpt", "retrieval", "tools")
_PACKAGES = ("numpy", "pillow", "pydicom", "scikit-image", "scipy", "SimpleITK", "torch")


@cache
def code() -> str:
    """SHA-256 over the source that a report depends on, with what it reads beside it."""
    listed: dict[str, str] = {}
    for folder in _CODE:
        for path in sorted((_ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                listed[path.relative_to(_ROOT).as_posix()] = sha256(path.read_bytes())
    return sha256(canonical(listed))


@cache
def prompts() -> dict[str, str]:
    """SHA-256 of every file of prompts."""
    from prompts import FOLDER

    return {path.name: sha256(path.read_bytes()) for path in sorted(FOLDER.glob("*.yaml"))}


def weights() -> dict[str, str]:
    """One hash for the weights of every folder, from their manifests."""
    from radixgpt.weights import cards

    return {card.name: card.facts().sha256 for card in cards()}


@cache
def packages() -> dict[str, str]:
    """Versions of what computes and draws, of Python, and the kind of machine."""
    found = {"python": ".".join(map(str, sys.version_info[:3])), "machine": platform.machine()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # a build of the same under another name
            continue
    return found


@cache
def schemas() -> dict[str, Any]:
    """Every tool's description and arguments, by name."""
    from agent.toolbox import TOOLS

    return {
        tool.name: {
            "description": tool.description,
            "arguments": tool.tool_call_schema.model_json_schema(),  # type: ignore[union-attr]
        }
        for tool in TOOLS
    }


@cache
def tools() -> str:
    """SHA-256 of :func:`schemas`."""
    return sha256(canonical(schemas()))


@cache
def known_values() -> frozenset[str]:
    """Every text that an argument may hold without being the user's own words."""
    from radixgpt.finding import KINDS

    found: set[str] = {str(value) for kind in KINDS.values() for value in kind.values}
    found |= {name for tool in schemas().values() for name in tool["arguments"]["properties"]}

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            found.update(one for one in node.get("enum", ()) if isinstance(one, str))
            if isinstance(node.get("const"), str):
                found.add(node["const"])
            node = list(node.values())
        if isinstance(node, list):
            for one in node:
                walk(one)

    walk([tool["arguments"] for tool in schemas().values()])
    return frozenset(found)
