// The person's hands: buttons, fields, mouse, touch and keys.

slider.addEventListener("input", () => show(active.index, Number(slider.value)));
preset.addEventListener("change", () => usePreset(preset.value));
for (const field of [centre, width]) {
  field.addEventListener("change", () => {
    const [c, w] = [Number(centre.value), Number(width.value)];
    if (Number.isFinite(c) && w > 0) setWindow(c, w);
    else tell();
  });
}
for (const button of all("[data-layer]")) {
  button.addEventListener("click", () => setLayer(button.dataset.layer));
}
one(".rx-link-toggle").addEventListener("click", () => setLinked(!linked));
one(".rx-beside-toggle").addEventListener("click", () => setBeside(planes.length < 2));
one(".rx-card-close").addEventListener("click", hideCard);
one(".rx-card-ask").addEventListener("click", () => {
  const level = one(".rx-card-title").textContent;
  hideCard();
  trigger("ask", { level });
});
card.addEventListener("keydown", (event) => event.key === "Escape" && hideCard());

function reset() {
  for (const plane of planes) plane.zoom = { scale: 1, x: 0, y: 0 };
  usePreset(active.series.windows[0].name);
  light(null);
}
one(".rx-reset").addEventListener("click", () => active.series && reset());

function zoomBy(factor, x, y, plane = active) {
  plane.zoomAt(factor, x ?? plane.stage.clientWidth / 2, y ?? plane.stage.clientHeight / 2);
  if (linked) follow(plane);
}

function step(by) {
  const count = view.series.length;
  open((active.index + by + count) % count);
}

const KEYS = {
  ArrowUp: () => show(active.index, active.slice - 1),
  ArrowDown: () => show(active.index, active.slice + 1),
  PageUp: () => show(active.index, active.slice - 5),
  PageDown: () => show(active.index, active.slice + 5),
  Home: () => show(active.index, 0),
  End: () => show(active.index, active.series.slices - 1),
  ArrowLeft: () => step(-1),
  ArrowRight: () => step(1),
  w: () => {
    const names = active.series.windows.map((window) => window.name);
    usePreset(names[(names.indexOf(active.state.preset) + 1) % names.length]);
  },
  l: () => setLayer("levels"),
  v: () => view.vertebrae.length && setLayer("vertebrae"),
  c: () => view.canal.length && setLayer("canal"),
  k: () => setLinked(!linked),
  s: () => view.series.length > 1 && setBeside(planes.length < 2),
  r: reset,
  "+": () => zoomBy(1.25),
  "-": () => zoomBy(0.8),
  Escape: hideCard,
};
for (let number = 1; number <= 5; number++) {
  KEYS[number] = () => all(".rx-chip")[number - 1]?.click();
}

function handle(plane) {
  // What mouse, touch and keys do in one picture.
  const { stage } = plane;
  let wheel = 0;
  let drag = null;
  const touches = new Map();

  stage.addEventListener(
    "wheel",
    (event) => {
      if (!plane.series) return;
      event.preventDefault();
      activate(plane);
      if (event.ctrlKey || event.metaKey) {
        zoomBy(event.deltaY < 0 ? 1.15 : 1 / 1.15, event.offsetX, event.offsetY, plane);
        return;
      }
      wheel += event.deltaY;
      const steps = Math.trunc(wheel / 40);
      if (steps) {
        wheel -= steps * 40;
        show(plane.index, plane.slice + Math.sign(steps), plane);
      }
    },
    { passive: false },
  );

  const begin = (event, level) => {
    const pan = event.button === 1 || event.shiftKey;
    const { centre: c, width: w } = plane.state;
    const [x, y] = [event.clientX, event.clientY];
    drag = { x, y, level, pan, c, w, slice: plane.slice, zoom: plane.zoom, moved: false };
  };
  const spread = () => {
    const [a, b] = [...touches.values()];
    return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  };

  stage.addEventListener("pointerdown", (event) => {
    if (!plane.series || event.target.closest("button, input")) return;
    activate(plane);
    const level = event.target.closest?.("[data-level]")?.dataset.level ?? null;
    stage.setPointerCapture(event.pointerId);
    stage.focus({ preventScroll: true });
    if (event.pointerType === "touch") touches.set(event.pointerId, event);
    if (touches.size === 2) drag = { pinch: spread(), moved: true };
    else begin(event, level);
  });
  stage.addEventListener("pointermove", (event) => {
    if (touches.has(event.pointerId)) touches.set(event.pointerId, event);
    if (!drag) {
      hover(event.target.closest?.("[data-level]")?.dataset.level ?? null);
      return;
    }
    if (drag.pinch) {
      if (touches.size < 2) return;
      const now = spread();
      const box = stage.getBoundingClientRect();
      const [a, b] = [...touches.values()];
      const [x, y] = [(a.clientX + b.clientX) / 2 - box.left, (a.clientY + b.clientY) / 2 - box.top];
      zoomBy(now / drag.pinch, x, y, plane);
      drag.pinch = now;
      return;
    }
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.moved && Math.hypot(dx, dy) < 4) return;
    drag.moved = true;
    if (touches.size) {
      // One finger goes through the slices: there is no wheel.
      const by = Math.round(dy / 14);
      if (drag.slice + by !== plane.slice) show(plane.index, drag.slice + by, plane);
    } else if (drag.pan) {
      plane.zoom = { ...drag.zoom, x: drag.zoom.x + dx, y: drag.zoom.y + dy };
      plane.lay();
      if (linked) follow(plane);
    } else {
      const by = plane.series.windows[0].width / 400;
      setWindow(drag.c + dy * by, drag.w + dx * by);
    }
  });
  stage.addEventListener("pointerup", (event) => {
    touches.delete(event.pointerId);
    if (drag && !drag.moved) {
      const box = stage.parentElement.getBoundingClientRect();
      const at = [event.clientX - box.left + 16, event.clientY - box.top + 16];
      if (drag.level) showCard(drag.level, { at, focus: stage });
      else hideCard();
    }
    drag = null;
  });
  stage.addEventListener("pointercancel", (event) => {
    touches.delete(event.pointerId);
    drag = null;
  });
  stage.addEventListener("pointerleave", () => hover(null));
  stage.addEventListener("dblclick", () => plane.series && reset());
  stage.addEventListener("focus", () => plane.series && activate(plane));
  stage.addEventListener("keydown", (event) => {
    if (!plane.series || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
handle(planes[0]);

one(".rx-tabs").addEventListener("keydown", (event) => {
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  step(by);
  one(".rx-tab[aria-checked=true]")?.focus();
});

// Evidence in the conversation and in the report points here; edits say that the report is new.
document.addEventListener("rx-show", (event) => go(event.detail));
document.addEventListener("rx-changed", () => trigger("changed", {}));
