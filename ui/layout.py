"""The page: header, viewer, report pane and chat, wired to their handlers."""

from __future__ import annotations

from html import escape
from typing import Any, Final

import gradio as gr

from radixgpt import __version__
from radixgpt.report import DRAFT_MARK
from ui import pane, theme
from ui.desk import Desks
from ui.handlers import EXAMPLES, Handlers

_INTENDED_USE: Final = (
    "RadiXGPT is for research and teaching. It is not a medical device and must not be used to "
    "diagnose, treat or triage a patient.",
    "It reads sagittal lumbar MR (T1 and T2) and states only what its models saw, each with its "
    "probability and its slice. What was not looked at is “not assessed”, never normal.",
    "Grades come from one mid-sagittal slice of each series: what lies beside the midline can’t "
    "be seen in it. Numbering counts up from the lowest disc and may have to be moved.",
    "A radiologist has to check every sentence against the images.",
    "A study stays in the memory of the computer that serves this page, for this tab alone. It is "
    "forgotten when the tab is closed; sent files are deleted as soon as they are read.",
)

_HEADER: Final = f"""
<header class="rx-header">
  <div class="rx-brand"><b>RadiXGPT</b><small>{escape(__version__)}</small></div>
  <span class="rx-draft" role="note">{escape(DRAFT_MARK)}</span>
  <span class="rx-space"></span>
  <span class="rx-note" role="status" aria-live="polite"></span>
  <label class="rx-button rx-primary"><input class="rx-file" type="file" multiple
    aria-label="Open files: DICOM, a zip, NIfTI, PNG or JPEG">Open files</label>
  <label class="rx-button"><input class="rx-file" type="file" webkitdirectory
    aria-label="Open a folder of DICOM files or images">Open folder</label>
  <label class="rx-button" title="An earlier study of the patient, or its report.json"
    ><input class="rx-prior-file" type="file" multiple
    aria-label="Open a prior study to compare with">Prior study</label>
  <label class="rx-same-patient" title="I know that the prior study is of this patient"
    ><input class="rx-same" type="checkbox">Same patient</label>
  <button class="rx-button" type="button" popovertarget="rx-use">Intended use</button>
  <div id="rx-use" class="rx-use" popover role="dialog" aria-label="Intended use">
    <h2>Intended use</h2>{"".join(f"<p>{escape(p)}</p>" for p in _INTENDED_USE)}
    <button class="rx-button" type="button" popovertarget="rx-use"
      popovertargetaction="hide">Close</button>
  </div>
</header>
"""

_VIEWER: Final = f"""
<section class="rx-viewer rx-none" aria-label="Image viewer">
  <div class="rx-bar">
    <div class="rx-tabs" role="radiogroup" aria-label="Series"></div>
    <span class="rx-space"></span>
    <button class="rx-icon rx-levels-toggle" type="button" aria-pressed="true"
      title="Show or hide the levels (L)">Levels</button>
    <button class="rx-icon rx-reset" type="button" title="Window and zoom as at first (R)"
      >Reset</button>
  </div>
  <div class="rx-bar rx-windows">
    <label>Window <select class="rx-preset" aria-label="Window preset"></select></label>
    <label title="Centre of the window">C <input class="rx-centre" type="number" step="any"
      aria-label="Window centre"></label>
    <label title="Width of the window">W <input class="rx-width" type="number" step="any" min="0"
      aria-label="Window width"></label>
  </div>
  <div class="rx-stage" tabindex="0" role="application" aria-label="Image">
    <canvas class="rx-canvas" width="1" height="1" aria-hidden="true"></canvas>
    <svg class="rx-overlay" xmlns="http://www.w3.org/2000/svg"></svg>
    <div class="rx-corner rx-tl"><span class="rx-name"></span><span class="rx-facts"></span>
      <span class="rx-synthetic" hidden>Synthetic phantom, no patient</span></div>
    <div class="rx-corner rx-tr">{escape(DRAFT_MARK)}</div>
    <div class="rx-corner rx-bl"><span class="rx-at"></span></div>
    <div class="rx-corner rx-br"><span class="rx-zoom"></span><span class="rx-wl"></span></div>
    <span class="rx-edge rx-edge-left"></span><span class="rx-edge rx-edge-right"></span>
    <span class="rx-edge rx-edge-top"></span><span class="rx-edge rx-edge-bottom"></span>
    <p class="rx-trouble" role="alert"></p>
    <div class="rx-welcome">
      <b>Drop a study here</b>
      <span>DICOM files or a folder, a zip, NIfTI, PNG or JPEG</span>
      <button class="rx-button rx-primary rx-example" type="button"
        >Open the synthetic example</button>
      <small>A computed phantom with known degenerations, no patient</small>
    </div>
  </div>
  <div class="rx-slide"><label for="rx-slider">Slice</label>
    <input id="rx-slider" class="rx-slider" type="range" min="0" max="0" value="0" step="1"></div>
  <div class="rx-chips" role="group" aria-label="Ask about a level"></div>
</section>
"""

_HINT: Final = (
    "Ask about the study, or change the draft: “and at L5-S1?”, “which level is worst?”, "
    "“shift the numbering up by one”."
)


def build(desks: Desks) -> Any:
    """The page over a set of desks, a ``gr.Blocks``."""
    handlers = Handlers(desks)
    with gr.Blocks(title="RadiXGPT", analytics_enabled=False, fill_width=True) as page:
        gr.HTML(_HEADER, elem_id="rx-head", apply_default_css=False, js_on_load=None)
        with gr.Row(elem_id="rx-main", equal_height=True):
            with gr.Column(elem_id="rx-left", scale=5, min_width=360):
                view = gr.HTML(
                    None,
                    html_template=_VIEWER,
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
        page.load(None, js=theme.pointing())
        page.unload(handlers.leave)
        view.opened(handlers.open_uploads, **quiet)
        view.prior(handlers.open_prior, **quiet)
        view.example(handlers.open_example, **quiet)
        view.ask(handlers.ask_about, **quiet)
        box.submit(handlers.ask, inputs=[box], **quiet)
        draft.click(handlers.draft, **quiet)
        clear.click(handlers.clear, **quiet)
        for button in examples:
            button.click(handlers.ask, inputs=[button], **quiet)
    page.queue(default_concurrency_limit=4, max_size=64)
    return page
