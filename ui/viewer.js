// What is shown: series and slices, one picture or two side by side, levels and their findings.

const slider = one(".rx-slider");
const preset = one(".rx-preset");
const centre = one(".rx-centre");
const width = one(".rx-width");
let focused = 0;
let linked = true;
let fresh = false; // whether nothing of the study that is open was shown yet

planes.push(new Plane(one(".rx-stage")));
active = planes[0];

// ---- slices and series --------------------------------------------------------------------------

function show(index, slice, plane = active) {
  if (!view.series.length) return;
  plane.show(index, slice);
  if (linked) follow(plane);
  if (plane === active) tell();
  for (const other of planes) if (other !== plane) other.lay();
}

function follow(plane) {
  // The other picture goes where this one is.
  const other = planes.find((candidate) => candidate !== plane);
  if (!other?.series) return;
  const slice = sameSlice(plane.series, plane.slice, other.series);
  if (slice === null) return;
  if (slice !== other.slice) other.show(other.index, slice);
  other.zoomLike(plane.seen(), plane.series, plane.slice);
  other.lay();
}

function tell() {
  // The controls say what the active picture shows.
  const { series: shown, slice, state } = active;
  slider.max = Math.max(shown.slices - 1, 0);
  slider.value = slice;
  slider.disabled = shown.slices < 2;
  slider.setAttribute("aria-valuetext", `slice ${slice + 1} of ${shown.slices}`);
  centre.value = Math.round(state.centre);
  width.value = Math.round(state.width);
  preset.value = state.preset;
  for (const button of all(".rx-tab")) {
    const chosen = Number(button.dataset.index) === active.index;
    button.setAttribute("aria-checked", chosen);
    button.tabIndex = chosen ? 0 : -1;
  }
  for (const plane of planes) {
    plane.stage.classList.toggle("rx-active", planes.length > 1 && plane === active);
  }
}

function activate(plane) {
  if (plane === active) return;
  active = plane;
  fillPresets();
  tell();
}

function open(index, slice) {
  // Another series in the active picture, at the same place if the series are linked.
  const plane = active;
  const before = plane.series;
  const at = clamp(index, 0, view.series.length - 1);
  const next = view.series[at];
  const seen = before && before !== next && linked && !fresh ? plane.seen() : null;
  const was = plane.slice;
  const same = seen && slice === undefined ? sameSlice(before, was, next) : null;
  plane.show(at, slice ?? same ?? undefined);
  if (seen && !crossed(before, next)) plane.zoomLike(seen, before, was);
  else if (before !== next) plane.zoom = { scale: 1, x: 0, y: 0 };
  plane.lay();
  fresh = false;
  fillPresets();
  if (linked) follow(plane);
  layAll();
  tell();
  prefetch(plane);
}

function setLinked(on) {
  linked = on;
  one(".rx-link-toggle").setAttribute("aria-pressed", linked);
  if (linked && active.series) follow(active);
}

// ---- one picture or two -------------------------------------------------------------------------

function setBeside(on) {
  const two = planes.length > 1;
  if (on === two || !view.series.length) return;
  one(".rx-beside-toggle").setAttribute("aria-pressed", on);
  if (!on) {
    const gone = planes.pop();
    gone.observer.disconnect();
    gone.stage.remove();
    active = planes[0];
    fillPresets();
    show(active.index, active.slice);
    return;
  }
  const stage = planes[0].stage.cloneNode(true);
  stage.classList.add("rx-second");
  stage.querySelector(".rx-welcome").remove();
  stage.dataset.shown = "";
  planes[0].stage.after(stage);
  const second = new Plane(stage);
  planes.push(second);
  handle(second);
  second.show(partner(planes[0].index));
  show(planes[0].index, planes[0].slice, planes[0]);
  tell();
  prefetch(second);
}

function partner(index) {
  // The series to stand beside one: another weighting of the same plane, else any other.
  const mine = view.series[index];
  const others = view.series.map((each, at) => ({ each, at })).filter(({ at }) => at !== index);
  const graded = others.filter(({ each }) => each.graded && alike(each, mine));
  const same = others.filter(({ each }) => each.slices > 1 && !crossed(each, mine));
  return (graded[0] ?? same[0] ?? others[0] ?? { at: index }).at;
}

// ---- window -------------------------------------------------------------------------------------

function setWindow(c, w, name = "") {
  const { state, series: shown } = active;
  state.centre = c;
  state.width = Math.max(w, shown.step * 4, 1e-3);
  state.preset = name;
  for (const plane of planes) if (plane.series === shown) plane.draw();
  tell();
}

function usePreset(name) {
  const found = active.series.windows.find((window) => window.name === name);
  if (found) setWindow(found.centre, found.width, found.name);
}

function fillPresets() {
  preset.replaceChildren(
    ...active.series.windows.map((window) => new Option(window.name, window.name)),
    new Option("Free", ""),
  );
  preset.value = active.state.preset;
}

// ---- levels -------------------------------------------------------------------------------------

function layAll() {
  for (const plane of planes) plane.lay();
}

function light(level) {
  marked = level;
  for (const chip of all(".rx-chip")) {
    chip.classList.toggle("rx-lit", chip.dataset.level === level);
  }
  layAll();
}

function hover(level) {
  if (hovered === level) return;
  hovered = level;
  layAll();
}

function setLayer(name, on = !layers[name]) {
  layers[name] = on;
  one(`[data-layer="${name}"]`).setAttribute("aria-pressed", on);
  layAll();
}

function go({ series: key, slice, level }) {
  const index = view.series.findIndex((candidate) => candidate.key === key);
  if (index < 0) return;
  const shows = planes.find((plane) => plane.series?.key === key);
  if (shows) activate(shows);
  marked = level ?? null;
  open(index, slice);
  light(marked);
}

const card = one(".rx-card");
let cardFrom = null;

function showCard(level, from) {
  // What is stated of a level, at once; the chat is asked only if its button is pressed.
  const found = view.levels.find((each) => each.level === level);
  if (!found) return;
  light(level);
  cardFrom = from ?? null;
  one(".rx-card-title").textContent = level;
  one(".rx-card-facts").replaceChildren(
    ...(found.facts.length ? found.facts : [{ title: "nothing was graded", value: "" }]).flatMap(
      (fact) => {
        const value = html("dd", fact.source ? "" : "rx-dim", fact.value);
        if (fact.source) value.append(" ", html("small", "", fact.source));
        return [html("dt", "", fact.title), value];
      },
    ),
  );
  card.className = `rx-card rx-tone${found.tone}`;
  card.hidden = false;
  const box = planes[0].stage.parentElement;
  // Beside the disc that was pressed; on a narrow screen in the half where the disc is not.
  const mark = markOf(found, active, false);
  const low = mark && middleOf(mark.polygon)[1] > active.series.rows / 2;
  const aside = low ? 8 : box.clientHeight - card.offsetHeight - 8;
  const narrow = box.clientWidth < 440;
  const spot = narrow ? [8, aside] : (from?.at ?? [box.clientWidth - card.offsetWidth - 12, 44]);
  card.style.left = `${clamp(spot[0], 8, Math.max(box.clientWidth - card.offsetWidth - 8, 8))}px`;
  card.style.top = `${clamp(spot[1], 8, Math.max(box.clientHeight - card.offsetHeight - 8, 8))}px`;
  if (from?.focus) one(".rx-card-ask").focus();
}

function hideCard() {
  if (card.hidden) return;
  card.hidden = true;
  cardFrom?.focus?.focus();
}

// ---- a view from the server ---------------------------------------------------------------------

function take(value) {
  const changed = value.edition !== view.edition || value.token !== view.token;
  const readBefore = view.levels.length > 0;
  view = value;
  const empty = !view.series.length;
  one(".rx-viewer").classList.toggle("rx-none", empty);
  if (changed) {
    hideCard();
    setBeside(false);
    forgetSlices();
    place = {};
    marked = null;
    focused = 0;
    fresh = true;
    planes[0].stage.dataset.shown = "";
    planes[0].index = 0;
    planes[0].zoom = { scale: 1, x: 0, y: 0 };
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
  one(".rx-beside-toggle").disabled = view.series.length < 2;
  one('[data-layer="vertebrae"]').disabled = !view.vertebrae.length;
  one('[data-layer="canal"]').disabled = !view.canal.some((each) => each.marks.length);
  fillTabs();
  fillChips();
  if (!card.hidden) showCard(one(".rx-card-title").textContent, cardFrom);
  if (empty) {
    planes[0].overlay.replaceChildren();
    put(planes[0].part(".rx-at"), "");
    return;
  }
  if (changed) {
    open(0);
  } else if (!readBefore && view.levels.length) {
    // The mid-sagittal slice is known now, and with it what was graded.
    const first = Math.max(view.series.findIndex((each) => each.key === view.first), 0);
    for (const each of view.series) place[each.key].slice = each.start;
    fresh = true;
    open(first, view.series[first].start);
  } else {
    fillPresets();
    show(active.index, active.slice);
  }
  if (view.focus && view.focus.number > focused) {
    focused = view.focus.number;
    go(view.focus);
  }
}

function fillTabs() {
  const names = view.series.map((each) => each.name);
  const called = names.map((name, index) => {
    const before = names.slice(0, index).filter((other) => other === name).length;
    return before ? `${name} (${before + 1})` : name;
  });
  one(".rx-tabs").replaceChildren(
    ...view.series.map((each, index) => {
      const button = html("button", "rx-tab");
      button.type = "button";
      button.dataset.index = index;
      button.setAttribute("role", "radio");
      button.setAttribute("aria-checked", index === active.index);
      button.title = each.facts || each.name;
      button.append(called[index], " ", html("small", "", each.slices));
      button.addEventListener("click", () => open(index));
      return button;
    }),
  );
}

function fillChips() {
  one(".rx-chips").replaceChildren(
    ...view.levels.map((level) => {
      const chip = html("button", `rx-chip rx-tone${level.tone}`);
      chip.type = "button";
      chip.classList.toggle("rx-lit", level.level === marked);
      chip.dataset.level = level.level;
      chip.title = `What is stated of ${level.level}`;
      chip.append(
        html("b", "", level.level),
        html("small", "", level.line || (level.tone < 0 ? "not graded" : "")),
      );
      chip.addEventListener("click", () => {
        const mark = level.marks.find((each) => each.series === active.series.key);
        if (mark) show(active.index, mark.slice);
        showCard(level.level, { focus: chip });
      });
      chip.addEventListener("mouseenter", () => hover(level.level));
      chip.addEventListener("mouseleave", () => hover(null));
      return chip;
    }),
  );
}
