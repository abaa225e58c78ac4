"""Looks: system fonts, calm greys and one accent; nothing is fetched from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

_HERE = Path(__file__).parent


def theme() -> Any:
    """Gradio's theme, readable in light and dark."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.slate,
        text_size=gr.themes.sizes.text_sm,
        spacing_size=gr.themes.sizes.spacing_sm,
        radius_size=gr.themes.sizes.radius_sm,
        font=("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"),
        font_mono=("ui-monospace", "SFMono-Regular", "Menlo", "monospace"),
    ).set(
        body_background_fill="#eef1f4",
        body_background_fill_dark="#0d1117",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#141a22",
        block_background_fill="#ffffff",
        block_background_fill_dark="#141a22",
        border_color_primary="#d5dbe2",
        border_color_primary_dark="#2a3441",
        button_primary_background_fill="#0f766e",
        button_primary_background_fill_hover="#115e59",
        button_primary_background_fill_dark="#0f766e",
        button_primary_background_fill_hover_dark="#0d9488",
        button_primary_text_color="#ffffff",
    )


def css() -> str:
    """The page's style sheet: its parts in one."""
    return "\n".join(_read(name) for name in ("page.css", "viewer.css", "report.css", "chat.css"))


_VIEWER = ("base", "pixels", "linking", "plane", "layers", "viewer", "hands", "opening")
_PAGE = ("pointing", "editing", "looks")


def script() -> str:
    """The viewer's script: its parts in one scope."""
    return "\n".join(_read(f"{name}.js") for name in _VIEWER)


def page_script() -> str:
    """What joins chat, report and viewer, edits the report, and changes the page's looks."""
    return "\n".join(("() => {", *(_read(f"{name}.js") for name in _PAGE), "}"))


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
