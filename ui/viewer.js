// The viewer: runs once in the element that Gradio makes. Gradio gives `element`, `trigger`,
// `props` and `watch`; `props.value` is the view that ui/viewer.py describes.

const one = (selector) => element.querySelector(selector);
const stage = one(".rx-stage");
const canvas = one(".rx-canvas");
const overlay = one(".rx-overlay");
const slider = one(".rx-slider");
const preset = one(".rx-preset");
const centre = one(".rx-centre");
const width = one(".rx-width");
const SVG = "http://www.w3.org/2000/svg";
const CACHE_BYTES = 256 * 1024 * 1024;

let view = { series: [], levels: [], vertebrae: [], edition: -1 };
let at = { series: 0, slice: 0 };
let place = {}; // by series key: slice and window, so that changing series loses nothing
let marked = null; // the level that is lit
let hovered = null;
let overlays = true;
let zoom = { scale: 1, x: 0, y: 0 };
let focused = 0;
let cache = new Map();
let cached = 0;
let waiting = new Map();
let generation = 0;

const series = () => view.series[at.series];
const here = () => place[series().key];
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const text = (selector, value) => {
  const node = one(selector);
  if (node.textContent !== value) node.textContent = value;
};
const make = (name, attributes, content) => {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (content !== undefined) node.textContent = content;
  return node;
};

// ---- pixels -------------------------------------------------------------------------------

async function fetchSlice(key, index) {
  const name = `${view.edition}/${key}/${index}`;
  if (cache.has(name)) return cache.get(name);
  if (waiting.has(name)) return waiting.get(name);
  const mine = generation;
  const promise = (async () => {
    const response = await fetch(`study/${view.token}/slice/${name}`);
    if (!response.ok) throw new Error(await response.text());
    const data = new Uint16Array(await response.arrayBuffer());
    if (mine === generation) {
      cache.set(name, data);
      cached += data.byteLength;
      for (const [old, value] of cache) {
        if (cached <= CACHE_BYTES) break;
        cache.delete(old);
        cached -= value.byteLength;
      }
    }
    return data;
  })();
  waiting.set(name, promise);
  try {
    return await promise;
  } finally {
    waiting.delete(name);
  }
}

async function prefetch() {
  const mine = generation;
  const shown = series();
  const from = at.slice;
  for (let step = 1; step < shown.slices; step++) {
    for (const index of [from + step, from - step]) {
      if (mine !== generation || shown !== series() || step > 60) return;
      if (index < 0 || index >= shown.slices) continue;
      try {
        await fetchSlice(shown.key, index);
      } catch {
        return;
      }
    }
  }
}

// ---- drawing ------------------------------------------------------------------------------

function fit() {
  // Pixels of the stage for one pixel of the image, across and down.
  const shown = series();
  const [down, across] = shown.spacing ?? [1, 1];
  const base = Math.min(across, down);
  const wide = (shown.columns * across) / base;
  const tall = (shown.rows * down) / base;
  const scale = Math.min(stage.clientWidth / wide, stage.clientHeight / tall) * zoom.scale;
  const sx = (scale * across) / base;
  const sy = (scale * down) / base;
  return {
    sx,
    sy,
    ox: (stage.clientWidth - shown.columns * sx) / 2 + zoom.x,
    oy: (stage.clientHeight - shown.rows * sy) / 2 + zoom.y,
    millimetre: shown.spacing ? sx / across : null,
  };
}

let drawing = 0;
async function draw() {
  if (!series()) return;
  const turn = ++drawing;
  const shown = series();
  let data;
  try {
    data = await fetchSlice(shown.key, at.slice);
  } catch {
    if (turn === drawing) text(".rx-trouble", "This study is closed. Open it again.");
    return;
  }
  if (turn !== drawing) return;
  text(".rx-trouble", "");
  const state = here();
  const low = (state.centre - state.width / 2 - shown.lowest) / shown.step;
  const gain = 255 / (state.width / shown.step);
  if (canvas.width !== shown.columns || canvas.height !== shown.rows) {
    canvas.width = shown.columns;
    canvas.height = shown.rows;
  }
  const context = canvas.getContext("2d");
  const image = context.createImageData(shown.columns, shown.rows);
  const grey = new Uint32Array(image.data.buffer);
  for (let i = 0; i < data.length; i++) {
    const value = (data[i] - low) * gain;
    const byte = value <= 0 ? 0 : value >= 255 ? 255 : value | 0;
    grey[i] = 0xff000000 | (byte << 16) | (byte << 8) | byte;
  }
  context.putImageData(image, 0, 0);
  stage.dataset.shown = `${shown.key}:${at.slice}`;
  lay();
}

function lay() {
  if (!series()) return;
  const shown = series();
  const map = fit();
  canvas.style.transform = `translate(${map.ox}px, ${map.oy}px) scale(${map.sx}, ${map.sy})`;
  overlay.replaceChildren();
  overlay.setAttribute("viewBox", `0 0 ${stage.clientWidth} ${stage.clientHeight}`);
  const toStage = ([x, y]) => [map.ox + (x + 0.5) * map.sx, map.oy + (y + 0.5) * map.sy];
  if (overlays) {
    for (const vertebra of view.vertebrae) drawVertebra(vertebra, toStage);
    for (const level of view.levels) drawLevel(level, toStage);
  }
  if (map.millimetre) drawScale(map.millimetre);
  const state = here();
  text(".rx-at", `${at.slice + 1} / ${shown.slices}`);
  text(".rx-wl", `C ${Math.round(state.centre)}  W ${Math.round(state.width)}`);
  text(".rx-zoom", zoom.scale === 1 ? "" : `${Math.round(zoom.scale * 100)} %`);
  stage.setAttribute(
    "aria-label",
    `${shown.name}, slice ${at.slice + 1} of ${shown.slices}. Arrow keys change slice and series.`,
  );
}

const markOf = (level, exact) => {
  const marks = level.marks.filter((mark) => mark.series === series().key);
  return marks.find((mark) => mark.slice === at.slice) ?? (exact ? undefined : marks[0]);
};

const middle = (points) => {
  const sum = points.reduce((total, p) => [total[0] + p[0], total[1] + p[1]], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
};

function drawVertebra(vertebra, toStage) {
  const mark = markOf(vertebra, true);
  if (!mark) return;
  const [x, y] = toStage(middle(mark.polygon));
  overlay.append(make("text", { x, y, class: "rx-vertebra" }, vertebra.level));
}

function drawLevel(level, toStage) {
  const mark = markOf(level, false);
  if (!mark) return;
  const exact = mark.slice === at.slice;
  const lit = level.level === marked || level.level === hovered;
  const group = make("g", {
    class: `rx-level rx-tone${level.tone}${lit ? " rx-lit" : ""}${exact ? "" : " rx-far"}`,
    "data-level": level.level,
  });
  const points = mark.polygon.map(toStage);
  if (exact || lit) {
    group.append(make("polygon", { points: points.map((p) => p.join(",")).join(" ") }));
  }
  // The label stands in front of the disc, beyond the anterior end of its axis.
  const [front, back] = (mark.axis ?? [mark.polygon[0], middle(mark.polygon)]).map(toStage);
  const length = Math.hypot(front[0] - back[0], front[1] - back[1]) || 1;
  const unit = [(front[0] - back[0]) / length, (front[1] - back[1]) / length];
  const x = front[0] + unit[0] * 12;
  const y = front[1] + unit[1] * 12;
  const anchor = unit[0] < 0 ? "end" : "start";
  group.append(make("text", { x, y, "text-anchor": anchor }, level.level));
  overlay.append(group);
}

function drawScale(millimetre) {
  const length = [100, 50, 20, 10].find((mm) => mm * millimetre < stage.clientHeight / 3);
  if (!length) return;
  const x = stage.clientWidth - 14;
  const y = stage.clientHeight - 44;
  const top = y - length * millimetre;
  overlay.append(make("path", { d: `M${x - 4} ${top}H${x}V${y}H${x - 4}`, class: "rx-scale" }));
  overlay.append(
    make("text", { x: x - 8, y: (top + y) / 2, class: "rx-scale-text" }, `${length / 10} cm`),
  );
}

// ---- what is shown ------------------------------------------------------------------------

function show(index, slice, { keep = true } = {}) {
  if (!view.series.length) return;
  at.series = clamp(index, 0, view.series.length - 1);
  const shown = series();
  if (!keep) zoom = { scale: 1, x: 0, y: 0 };
  at.slice = clamp(slice ?? here().slice, 0, shown.slices - 1);
  here().slice = at.slice;
  slider.max = Math.max(shown.slices - 1, 0);
  slider.value = at.slice;
  slider.disabled = shown.slices < 2;
  slider.setAttribute("aria-valuetext", `slice ${at.slice + 1} of ${shown.slices}`);
  const state = here();
  centre.value = Math.round(state.centre);
  width.value = Math.round(state.width);
  preset.value = state.preset;
  for (const button of element.querySelectorAll(".rx-tab")) {
    const chosen = Number(button.dataset.index) === at.series;
    button.setAttribute("aria-checked", chosen);
    button.tabIndex = chosen ? 0 : -1;
  }
  text(".rx-name", shown.name);
  text(".rx-facts", shown.facts);
  one(".rx-synthetic").hidden = !shown.synthetic;
  for (const side of ["left", "right", "top", "bottom"]) {
    text(`.rx-edge-${side}`, shown.edges?.[side] ?? "");
  }
  draw();
}

function setWindow(c, w, name = "") {
  const state = here();
  state.centre = c;
  state.width = Math.max(w, series().step * 4, 1e-3);
  state.preset = name;
  show(at.series, at.slice);
}

function usePreset(name) {
  const found = series().windows.find((window) => window.name === name);
  if (found) setWindow(found.centre, found.width, found.name);
}

function fillPresets() {
  preset.replaceChildren(
    ...series().windows.map((window) => new Option(window.name, window.name)),
    new Option("Free", ""),
  );
}

function open(index, slice, options) {
  at.series = clamp(index, 0, view.series.length - 1);
  fillPresets();
  show(index, slice, options);
  prefetch();
}

function light(level) {
  marked = level;
  for (const chip of element.querySelectorAll(".rx-chip")) {
    chip.classList.toggle("rx-lit", chip.dataset.level === level);
  }
  lay();
}

function go({ series: key, slice, level }) {
  const index = view.series.findIndex((candidate) => candidate.key === key);
  if (index < 0) return;
  marked = level ?? null;
  open(index, slice);
  light(marked);
}

function ask(level) {
  light(level);
  trigger("ask", { level });
}

function take(value) {
  const changed = value.edition !== view.edition || value.token !== view.token;
  const readBefore = view.levels.length > 0;
  view = value;
  const empty = !view.series.length;
  one(".rx-viewer").classList.toggle("rx-none", empty);
  if (changed) {
    generation += 1;
    cache = new Map();
    cached = 0;
    place = {};
    marked = null;
    focused = 0;
    stage.dataset.shown = "";
    at = { series: 0, slice: 0 };
  }
  for (const each of view.series) {
    const auto = each.windows[0];
    place[each.key] ??= {
      slice: each.start,
      centre: auto.centre,
      width: auto.width,
      preset: auto.name,
    };
  }
  fillTabs();
  fillChips();
  if (empty) {
    overlay.replaceChildren();
    text(".rx-at", "");
    return;
  }
  if (changed) {
    open(0, null, { keep: false });
  } else if (!readBefore && view.levels.length) {
    // The mid-sagittal slice is known now, and with it what was graded.
    const first = Math.max(view.series.findIndex((each) => each.key === view.first), 0);
    for (const each of view.series) place[each.key].slice = each.start;
    open(first, view.series[first].start);
  } else {
    fillPresets();
    show(at.series, at.slice);
  }
  if (view.focus && view.focus.number > focused) {
    focused = view.focus.number;
    go(view.focus);
  }
}

function fillTabs() {
  one(".rx-tabs").replaceChildren(
    ...view.series.map((each, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "rx-tab";
      button.dataset.index = index;
      button.setAttribute("role", "radio");
      button.setAttribute("aria-checked", index === at.series);
      button.title = each.facts || each.name;
      const count = document.createElement("small");
      count.textContent = each.slices;
      button.append(each.name, " ", count);
      button.addEventListener("click", () => open(index));
      return button;
    }),
  );
}

function fillChips() {
  one(".rx-chips").replaceChildren(
    ...view.levels.map((level) => {
      const chip = document.createElement("button");
      chip.type = "button";
      chip.className = `rx-chip rx-tone${level.tone}`;
      chip.classList.toggle("rx-lit", level.level === marked);
      chip.dataset.level = level.level;
      chip.title = `Ask what is at ${level.level}`;
      const name = document.createElement("b");
      name.textContent = level.level;
      const line = document.createElement("small");
      line.textContent = level.line || (level.tone < 0 ? "not graded" : "");
      chip.append(name, line);
      chip.addEventListener("click", () => ask(level.level));
      chip.addEventListener("mouseenter", () => hover(level.level));
      chip.addEventListener("mouseleave", () => hover(null));
      return chip;
    }),
  );
}

function hover(level) {
  if (hovered === level) return;
  hovered = level;
  lay();
}

// ---- the person ---------------------------------------------------------------------------

slider.addEventListener("input", () => show(at.series, Number(slider.value)));
preset.addEventListener("change", () => usePreset(preset.value));
for (const field of [centre, width]) {
  field.addEventListener("change", () => {
    const [c, w] = [Number(centre.value), Number(width.value)];
    if (Number.isFinite(c) && w > 0) setWindow(c, w);
    else show(at.series, at.slice);
  });
}
const levelsToggle = one(".rx-levels-toggle");
function toggleLevels() {
  overlays = !overlays;
  levelsToggle.setAttribute("aria-pressed", overlays);
  lay();
}
levelsToggle.addEventListener("click", toggleLevels);
function reset() {
  zoom = { scale: 1, x: 0, y: 0 };
  marked = null;
  usePreset(series().windows[0].name);
  light(null);
}
one(".rx-reset").addEventListener("click", () => series() && reset());

function zoomAt(factor, x, y) {
  const scale = clamp(zoom.scale * factor, 0.5, 12);
  const real = scale / zoom.scale;
  const [cx, cy] = [x - stage.clientWidth / 2, y - stage.clientHeight / 2];
  zoom = { scale, x: cx - (cx - zoom.x) * real, y: cy - (cy - zoom.y) * real };
  lay();
}

let wheel = 0;
stage.addEventListener(
  "wheel",
  (event) => {
    if (!series()) return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      zoomAt(event.deltaY < 0 ? 1.15 : 1 / 1.15, event.offsetX, event.offsetY);
      return;
    }
    wheel += event.deltaY;
    const steps = Math.trunc(wheel / 40);
    if (steps) {
      wheel -= steps * 40;
      show(at.series, at.slice + Math.sign(steps));
    }
  },
  { passive: false },
);

let drag = null;
stage.addEventListener("pointerdown", (event) => {
  if (!series() || event.target.closest("button, input")) return;
  const level = event.target.closest?.("[data-level]")?.dataset.level ?? null;
  const pan = event.button === 1 || event.shiftKey;
  drag = { x: event.clientX, y: event.clientY, level, pan, moved: false, ...here(), zoom };
  stage.setPointerCapture(event.pointerId);
  stage.focus({ preventScroll: true });
});
stage.addEventListener("pointermove", (event) => {
  if (!drag) {
    const level = event.target.closest?.("[data-level]")?.dataset.level ?? null;
    hover(level);
    return;
  }
  const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
  if (!drag.moved && Math.hypot(dx, dy) < 4) return;
  drag.moved = true;
  if (drag.pan) {
    zoom = { ...drag.zoom, x: drag.zoom.x + dx, y: drag.zoom.y + dy };
    lay();
  } else {
    const step = series().windows[0].width / 400;
    setWindow(drag.centre + dy * step, drag.width + dx * step);
  }
});
stage.addEventListener("pointerup", () => {
  if (drag && !drag.moved && drag.level) ask(drag.level);
  drag = null;
});
stage.addEventListener("pointercancel", () => (drag = null));
stage.addEventListener("pointerleave", () => hover(null));
stage.addEventListener("dblclick", () => series() && reset());

stage.addEventListener("keydown", (event) => {
  if (!series() || event.ctrlKey || event.metaKey || event.altKey) return;
  const names = series().windows.map((window) => window.name);
  const keys = {
    ArrowUp: () => show(at.series, at.slice - 1),
    ArrowDown: () => show(at.series, at.slice + 1),
    PageUp: () => show(at.series, at.slice - 5),
    PageDown: () => show(at.series, at.slice + 5),
    Home: () => show(at.series, 0),
    End: () => show(at.series, series().slices - 1),
    ArrowLeft: () => open((at.series + view.series.length - 1) % view.series.length),
    ArrowRight: () => open((at.series + 1) % view.series.length),
    w: () => usePreset(names[(names.indexOf(here().preset) + 1) % names.length]),
    l: toggleLevels,
    r: reset,
    "+": () => zoomAt(1.25, stage.clientWidth / 2, stage.clientHeight / 2),
    "-": () => zoomAt(0.8, stage.clientWidth / 2, stage.clientHeight / 2),
  };
  const act = keys[event.key] ?? keys[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
});
one(".rx-tabs").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  open((at.series + step + view.series.length) % view.series.length);
  one(".rx-tab[aria-checked=true]")?.focus();
});

new ResizeObserver(() => lay()).observe(stage);

// Evidence in the conversation and in the report points here.
document.addEventListener("rx-show", (event) => go(event.detail));
