"""The page's fixed parts as HTML: header, viewer, and what opens above the page."""

from __future__ import annotations

from html import escape
from typing import Final

from data.synth.examples import EXAMPLES
from radixgpt import __version__
from radixgpt.report import DRAFT_MARK

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

_KEYS: Final = {
    "In the image": (
        ("↑ ↓, wheel", "slice; Page Up and Down five, Home and End the first and last"),
        ("← →", "series"),
        ("1 to 5", "what is stated of a disc, from L1-L2 down"),
        ("drag", "window: across is width, down is centre; W the next preset"),
        ("+ −, Ctrl and wheel", "zoom; Shift and drag moves the image"),
        ("L, V, C", "levels, vertebrae, canal on and off"),
        ("S", "two series side by side"),
        ("K", "link or unlink the series"),
        ("R, double click", "as at first"),
    ),
    "In the report": (
        ("Enter", "the slice that a sentence or grade rests on; the values of a grade"),
        ("E, double click", "edit the sentence; Enter saves, Esc leaves it"),
    ),
    "Everywhere": (
        ("Tab", "the next control"),
        ("/", "to the question"),
        ("?", "this sheet"),
        ("Esc", "close what is open"),
    ),
}


def _popover(name: str, title: str, body: str) -> str:
    return (
        f'<div id="{name}" class="rx-use" popover role="dialog" aria-label="{escape(title)}">'
        f"<h2>{escape(title)}</h2>{body}"
        f'<button class="rx-button" type="button" popovertarget="{name}" '
        'popovertargetaction="hide">Close</button></div>'
    )


def _keys() -> str:
    parts = []
    for heading, keys in _KEYS.items():
        rows = "".join(
            f"<tr><th scope='row'>{escape(key)}</th><td>{escape(does)}</td></tr>"
            for key, does in keys
        )
        parts.append(f"<h3>{escape(heading)}</h3><table>{rows}</table>")
    return "".join(parts)


def _examples() -> str:
    return "".join(
        f'<button type="button" data-example="{escape(name)}"><b>{escape(one.title)}</b>'
        f"<small>{escape(one.note)}</small></button>"
        for name, one in EXAMPLES.items()
    )


_SIGN: Final = """
<div id="rx-sign" class="rx-use" popover role="dialog" aria-label="Sign the report">
  <h2>Sign the report</h2>
  <p>You answer for every sentence. The text is locked, the downloads become final, and the draft is
  kept beside them. Your name goes into the files and nowhere else; this page forgets it with the
  study.</p>
  <p class="rx-sign-checks"></p>
  <div class="rx-sign-notices"></div>
  <form class="rx-form">
    <label>Name <input name="name" required maxlength="64" autocomplete="off"></label>
    <label>Role <input name="role" required maxlength="64" autocomplete="off"
      placeholder="such as radiologist"></label>
    <label>Organisation <input name="organization" maxlength="64" autocomplete="off"
      placeholder="may stay empty"></label>
    <label>Critical communication <input name="critical_communication" maxlength="400"
      autocomplete="off" placeholder="to whom and when, or empty"></label>
    <p class="rx-problem" role="alert" hidden></p>
    <div class="rx-acts"><button class="rx-button rx-primary" type="submit">Sign</button>
      <button class="rx-button" type="button" popovertarget="rx-sign"
        popovertargetaction="hide">Not yet</button></div>
  </form>
</div>
"""

_EDITOR: Final = """
<template id="rx-editor">
  <form class="rx-pane-editor" aria-label="Edit the sentence">
    <textarea rows="2" maxlength="600" aria-label="Wording"></textarea>
    <p class="rx-problem" role="alert" hidden></p>
    <div class="rx-acts"><button class="rx-button rx-primary" type="submit">Save</button>
      <button class="rx-button" type="button" data-act="leave-out">Take the sentence out</button>
      <button class="rx-button" type="button" data-act="cancel">Cancel</button></div>
  </form>
</template>
<div id="rx-scale" role="dialog" aria-label="Set a grade" hidden><b></b><small></small>
  <div class="rx-values"></div><p class="rx-problem" role="alert" hidden></p></div>
"""

HEADER: Final = f"""
<header class="rx-header">
  <div class="rx-brand"><b>RadiXGPT</b><small>{escape(__version__)}</small></div>
  <span class="rx-draft" role="note">{escape(DRAFT_MARK)}</span>
  <span class="rx-note" role="status" aria-live="polite"></span>
  <span class="rx-space"></span>
  <label class="rx-button rx-primary"><input class="rx-file" type="file" multiple
    aria-label="Open files: DICOM, a zip, NIfTI, PNG or JPEG">Open files</label>
  <label class="rx-button rx-folder"><input class="rx-file" type="file" webkitdirectory
    aria-label="Open a folder of DICOM files or images">Open folder</label>
  <details class="rx-menu rx-prior"><summary class="rx-button">Prior</summary><div>
    <label class="rx-button" title="An earlier study of the patient, or its report.json"
      ><input class="rx-prior-file" type="file" multiple
      aria-label="Open a prior study to compare with">Open a prior study</label>
    <label class="rx-same-patient"><input class="rx-same" type="checkbox">I know that it is of the
      same patient</label>
    <small>DICOM files, a zip, or the report.json that was downloaded then</small></div></details>
  <details class="rx-menu"><summary class="rx-button">Examples</summary>
    <div class="rx-examples" role="group" aria-label="Synthetic example studies">{_examples()}</div>
  </details>
  <button class="rx-button rx-look" type="button" aria-pressed="false"
    aria-label="Dark look">Dark</button>
  <button class="rx-button" type="button" popovertarget="rx-keys" aria-label="Keys"
    title="Keys (?)">?</button>
  <button class="rx-button" type="button" popovertarget="rx-use">Intended use</button>
  {_popover("rx-use", "Intended use", "".join(f"<p>{escape(p)}</p>" for p in _INTENDED_USE))}
  {_popover("rx-keys", "Keys", _keys())}
  {_SIGN}{_EDITOR}
</header>
"""

VIEWER: Final = f"""
<section class="rx-viewer rx-none" aria-label="Image viewer">
  <div class="rx-bar">
    <div class="rx-tabs" role="radiogroup" aria-label="Series"></div>
    <span class="rx-space"></span>
    <button class="rx-icon rx-beside-toggle" type="button" aria-pressed="false"
      title="Two series side by side (S)">Side by side</button>
    <button class="rx-icon rx-link-toggle" type="button" aria-pressed="true"
      title="Slice and zoom go along in the other series (K)">Link</button>
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
  <div class="rx-stages">
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
        <button class="rx-button rx-primary rx-example" type="button" data-example="worn"
          >Open the synthetic example</button>
        <small>A computed phantom with known degenerations, no patient</small>
        <p class="rx-limits">For research, not a medical device. What is graded are the five lumbar
          discs on one mid-sagittal slice each of T1 and T2; everything else is not assessed. A
          radiologist has to check every sentence. On a public server, open no patient’s images.</p>
      </div>
    </div>
    <section class="rx-card" role="dialog" aria-label="What is stated of a level" hidden>
      <header><b class="rx-card-title"></b><button class="rx-card-close" type="button"
        aria-label="Close">×</button></header>
      <dl class="rx-card-facts"></dl>
      <button class="rx-icon rx-card-ask" type="button">Ask in the chat</button>
    </section>
  </div>
  <div class="rx-slide"><label for="rx-slider">Slice</label>
    <input id="rx-slider" class="rx-slider" type="range" min="0" max="0" value="0" step="1">
    <span class="rx-layers" role="group" aria-label="What lies over the image">
      <button class="rx-icon rx-levels-toggle" type="button" data-layer="levels"
        aria-pressed="true" title="Discs and their names (L)">Levels</button>
      <button class="rx-icon" type="button" data-layer="vertebrae" aria-pressed="false"
        title="Outlines of the vertebrae (V)">Vertebrae</button>
      <button class="rx-icon" type="button" data-layer="canal" aria-pressed="false"
        title="Outline of the canal (C)">Canal</button>
    </span></div>
  <div class="rx-chips" role="group" aria-label="Levels"></div>
</section>
"""
