"""The page: header, viewer, report pane and chat, wired to their handlers."""

from __future__ import annotations

from typing import Any, Final

import gradio as gr

from ui import pane, theme
from ui.desk import Desks
from ui.frame import HEADER, VIEWER
from ui.handlers import EXAMPLES, Handlers

_HINT: Final = (
    "Ask about the study, or change the draft: “and at L5-S1?”, “which level is worst?”, "
    "“shift the numbering up by one”."
)


def build(desks: Desks) -> Any:
    """The page over a set of desks, a ``gr.Blocks``."""
    handlers = Handlers(desks)
    with gr.Blocks(title="RadiXGPT", analytics_enabled=False, fill_width=True) as page:
        gr.HTML(HEADER, elem_id="rx-head", apply_default_css=False, js_on_load=None)
        with gr.Row(elem_id="rx-main", equal_height=True):
            with gr.Column(elem_id="rx-left", scale=5, min_width=360):
                view = gr.HTML(
                    None,
                    html_template=VIEWER,
                    js_on_load=theme.script(),
                    apply_default_css=False,
                    elem_id="rx-view",
                )
            with gr.Column(elem_id="rx-middle", scale=4, min_width=320):
                with gr.Row(elem_classes="rx-title"):
                    gr.HTML("<h2>Report</h2>", apply_default_css=False, js_on_load=None)
                    links = gr.HTML("", apply_default_css=False, js_on_load=None)
                    draft = gr.Button("Draft the report", size="sm", elem_id="rx-draft-button")
                report = gr.HTML(
                    pane.nothing(), elem_id="rx-pane", apply_default_css=False, js_on_load=None
                )
            with gr.Column(elem_id="rx-right", scale=4, min_width=320):
                with gr.Row(elem_classes="rx-title"):
                    gr.HTML("<h2>Chat</h2>", apply_default_css=False, js_on_load=None)
                    clear = gr.Button("New study", size="sm", elem_id="rx-clear")
                chat = gr.Chatbot(
                    elem_id="rx-chat",
                    label="Conversation",
                    show_label=False,
                    container=False,
                    height="100%",
                    layout="bubble",
                    buttons=["copy"],
                    feedback_options=None,
                    allow_tags=False,
                    latex_delimiters=[],
                    placeholder=_HINT,
                )
                with gr.Row(elem_id="rx-examples"):
                    examples = [
                        gr.Button(text, size="sm", elem_classes="rx-question") for text in EXAMPLES
                    ]
                box = gr.Textbox(
                    elem_id="rx-box",
                    label="Your question",
                    show_label=False,
                    container=False,
                    placeholder="Ask about the study …",
                    submit_btn=True,
                    stop_btn=False,
                    lines=1,
                    max_lines=4,
                    max_length=2000,
                    autofocus=True,
                )
        views = [chat, view, report, links, box]
        quiet: dict[str, Any] = {
            "outputs": views,
            "show_progress": "hidden",
            "api_visibility": "private",
        }
        page.load(handlers.arrive, js=None, **quiet)
        page.load(None, js=theme.page_script())
        page.unload(handlers.leave)
        view.opened(handlers.open_uploads, **quiet)
        view.prior(handlers.open_prior, **quiet)
        view.example(handlers.open_example, **quiet)
        view.ask(handlers.ask_about, **quiet)
        view.changed(handlers.changed, **quiet)
        box.submit(handlers.ask, inputs=[box], **quiet)
        box.stop(handlers.stop, queue=False, api_visibility="private")
        draft.click(handlers.draft, **quiet)
        clear.click(handlers.clear, **quiet)
        for button in examples:
            button.click(handlers.ask, inputs=[button], **quiet)
    page.queue(default_concurrency_limit=4, max_size=64)
    return page
