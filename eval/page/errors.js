"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { metrics, studies } = data;
  const marked = document.getElementById("level") !== null;
  const at = (id) => document.getElementById(id);
  const ERRORS = metrics.length; // the column after the metrics

  // All text goes through textContent: a report can't become markup.
  const make = (tag, options = {}, ...children) => {
    const { text, ...attributes } = options;
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== undefined && value !== null) node.setAttribute(name, value);
    }
    if (text !== undefined) node.textContent = text;
    node.append(...children);
    return node;
  };
  const svg = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  // A metric that counts: whole numbers in all studies, beyond the 0 and 1 of a share.
  const counts = metrics.map((_, column) => {
    const values = studies.map((study) => study.scores[column]).filter((value) => value !== null);
    return values.every(Number.isInteger) && values.some((value) => value > 1);
  });
  const number = (value, count = false) => {
    if (value === null) return "–";
    const size = Math.abs(value);
    return Number.isInteger(value) && (count || size >= 10) ? String(value) : value.toFixed(size >= 10 ? 1 : 3);
  };
  const words = (status) => status.replace("_", " ");

  for (const study of studies) {
    study.errors = study.marks.filter((mark) => mark.status !== "right").length;
    const texts = study.versions.map((v) => v.reference.map((s) => s[1]).join(""));
    const candidate = study.versions.length ? study.versions[0].candidate.map((s) => s[1]).join("") : "";
    study.text = [study.id, candidate, ...texts].join("\n").toLowerCase();
  }
  const first = metrics.findIndex((m) => m.metric === data.by);
  const state = { sort: Math.max(0, first), down: metrics[Math.max(0, first)].better === "smaller", chosen: null, version: 0 };
  let shown = [];

  const valueOf = (study, column) => (column === ERRORS ? study.errors : column < 0 ? study.id : study.scores[column]);

  // How bad a score is among the studies here, 0 to 1, for the colour of its cell.
  const worseThan = metrics.map((metric, column) => {
    const sorted = studies.map((s) => s.scores[column]).filter((v) => v !== null).sort((a, b) => a - b);
    return (value) => {
      if (value === null || sorted[0] === sorted[sorted.length - 1]) return 0;
      const share = sorted.findIndex((v) => v >= value) / (sorted.length - 1);
      return metric.better === "smaller" ? share : 1 - share;
    };
  });

  function drawMetrics() {
    at("metrics").replaceChildren(
      ...metrics.map((metric, column) => {
        const picture = svg("svg", { viewBox: "0 0 100 34", preserveAspectRatio: "none", "aria-hidden": "true" });
        const most = Math.max(1, ...metric.counts);
        const width = 100 / Math.max(1, metric.counts.length);
        metric.counts.forEach((count, bin) => {
          if (!count) return;
          const height = Math.max(1, (33 * count) / most);
          picture.append(svg("rect", { x: bin * width + 0.3, y: 34 - height, width: width - 0.6, height }));
        });
        const [low, high] = metric.edges;
        const value = state.chosen && state.chosen.scores[column];
        if (state.chosen && value !== null) {
          const x = high > low ? Math.min(99.4, Math.max(0.6, (100 * (value - low)) / (high - low))) : 50;
          picture.append(svg("line", { x1: x, x2: x, y1: 0, y2: 34 }));
        }
        const card = make("button", { type: "button", class: "metric", "aria-pressed": String(state.sort === column), title: `${metric.metric}: ${metric.signature}` },
          make("span", { class: "name", text: metric.metric + (metric.better === "smaller" ? " (smaller is better)" : "") }),
          make("b", { text: number(metric.value) }),
          make("span", { class: "between", text: `${number(metric.low)} to ${number(metric.high)}` }),
          picture,
          make("span", { class: "ends" }, make("span", { text: number(low, counts[column]) }), make("span", { text: number(high, counts[column]) })));
        card.addEventListener("click", () => sortBy(column, metric.better === "smaller"));
        return card;
      }));
  }

  function sortBy(column, down) {
    state.down = down === undefined ? (state.sort === column ? !state.down : column === ERRORS) : down;
    state.sort = column;
    draw();
    const chosen = at("rows").querySelector("[aria-selected=true]");
    if (!chosen) at("rows").parentElement.parentElement.scrollTop = 0;
  }

  const columns = [[-1, "study"], ...(marked ? [[ERRORS, "errors"]] : []), ...metrics.map((m, i) => [i, m.metric])];
  function drawColumns() {
    // The metric that is sorted by stands first, so that it is seen without scrolling.
    const order = columns.slice();
    const place = order.findIndex(([column]) => column === state.sort);
    if (place > 0) order.splice(marked ? 2 : 1, 0, ...(order[place][0] === ERRORS ? [] : order.splice(place, 1)));
    at("columns").replaceChildren(
      ...order.map(([column, name]) => {
        const here = state.sort === column;
        const button = make("button", { type: "button", text: name + (here ? (state.down ? " ↓" : " ↑") : "") });
        button.addEventListener("click", () => sortBy(column));
        return make("th", { scope: "col", class: column < 0 ? null : "number", "aria-sort": here ? (state.down ? "descending" : "ascending") : null }, button);
      }));
    return order.map(([column]) => column);
  }

  const chosenValue = (id) => (at(id) ? at(id).value : "");
  function passes(study) {
    const text = at("find").value.trim().toLowerCase();
    if (text && !study.text.includes(text)) return false;
    const part = chosenValue("part");
    if (part && (part === "worst") !== study.worst) return false;
    const [level, kind, status] = ["level", "kind", "status"].map(chosenValue);
    if (!level && !kind && !status) return true;
    return study.marks.some((m) => (!level || m.level === level || m.meant === level) && (!kind || m.kind === kind) && (!status || m.status === status));
  }

  function compare(a, b) {
    const [x, y] = [valueOf(a, state.sort), valueOf(b, state.sort)];
    if (x === null || y === null) return (x === null) - (y === null); // what can't be computed comes last
    const less = typeof x === "string" ? x.localeCompare(y, "en", { numeric: true }) : x - y;
    return state.down ? -less : less;
  }

  function draw() {
    const order = drawColumns();
    shown = studies.filter(passes).sort(compare);
    at("count").textContent = shown.length === studies.length ? `${shown.length} studies` : `${shown.length} of ${studies.length} studies`;
    at("rows").replaceChildren(
      ...shown.map((study) => {
        const head = make("th", { scope: "row", title: study.id, text: study.id });
        const row = make("tr", { tabindex: "0", "aria-selected": String(study === state.chosen) }, head);
        for (const column of order.slice(1)) {
          const value = valueOf(study, column);
          const cell = make("td", { class: "number", text: column === ERRORS ? String(value) : number(value, counts[column]) });
          if (column !== ERRORS && value !== null) {
            const bad = worseThan[column](value);
            if (bad > 0.5) cell.style.backgroundColor = `rgba(var(--heat), ${((bad - 0.5) * 0.7).toFixed(2)})`;
          }
          row.append(cell);
        }
        row.addEventListener("click", () => choose(study));
        row.addEventListener("keydown", (event) => {
          if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(study); }
        });
        study.row = row;
        return row;
      }));
    drawMetrics();
    if (!shown.includes(state.chosen)) choose(shown[0] || null);
  }

  function choose(study) {
    if (state.chosen && state.chosen.row) state.chosen.row.setAttribute("aria-selected", "false");
    state.chosen = study;
    state.version = 0;
    if (study) {
      study.row.setAttribute("aria-selected", "true");
      history.replaceState(null, "", `#${encodeURIComponent(study.id)}`);
    }
    drawMetrics();
    drawDetail();
  }

  const segments = (parts, side) => {
    const empty = parts.every(([, text]) => !text.trim());
    const box = make("div", { class: `text ${side}${empty ? " empty" : ""}` });
    if (empty) box.textContent = "no text";
    else for (const [apart, text] of parts) box.append(apart ? make("mark", { text }) : document.createTextNode(text));
    return box;
  };

  function drawDetail() {
    const study = state.chosen;
    if (!study) {
      at("detail").replaceChildren(make("p", { class: "soft", text: "No study fits the filters." }));
      return;
    }
    const parts = [];
    const head = make("div", { class: "head" }, make("h3", { text: study.id }));
    if (study.group !== study.id) head.append(make("span", { class: "soft small", text: `group ${study.group}` }));
    if (at("part")) head.append(make("span", { class: "soft small", text: study.worst ? `among the worst by ${data.by}` : "drawn at random" }));
    head.append(make("span", { class: "legend" },
      make("span", { class: "key reference", text: "only in the reference" }), " ",
      make("span", { class: "key candidate", text: "only in the candidate" })));
    parts.push(head);
    for (const said of study.said) parts.push(make("p", { class: "note", text: `${said}.` }));
    if (study.no_image) parts.push(make("p", { class: "soft small", text: `No picture: ${study.no_image}.` }));
    if (study.marks.length) {
      const rank = (mark) => (mark.status === "right" ? 1 : 0);
      parts.push(make("ul", { class: "marks" },
        ...study.marks.slice().sort((a, b) => rank(a) - rank(b)).map((mark) =>
          make("li", { class: mark.status }, make("b", { text: words(mark.status) }), " ",
            [mark.level, mark.side, mark.kind].filter(Boolean).join(" ") + (mark.grade ? `, ${mark.grade}` : "") + (mark.note ? ` (${mark.note})` : "")))));
    }
    const version = study.versions[state.version];
    const title = make("div", { class: "title" }, make("h2", { text: "Reference" }));
    if (study.versions.length > 1) {
      const select = make("select", { "aria-label": "Which reference" });
      study.versions.forEach((_, i) => select.append(make("option", { value: i, text: `${i + 1} of ${study.versions.length}` })));
      select.value = String(state.version);
      select.addEventListener("change", () => { state.version = Number(select.value); drawDetail(); });
      title.append(select);
    }
    const beside = make("div", { class: study.image ? "beside pictured" : "beside" }, make("div", { class: "texts" },
      make("div", {}, title, segments(version.reference, "reference")),
      make("div", {}, make("div", { class: "title" }, make("h2", { text: "Candidate" })), segments(version.candidate, "candidate"))));
    if (study.image) beside.append(make("figure", {}, make("img", { src: study.image, alt: `picture of study ${study.id}` })));
    parts.push(beside);
    parts.push(make("p", { class: "values" }, ...metrics.map((metric, column) =>
      make("span", { text: `${metric.metric} ` }, make("b", { text: number(study.scores[column], counts[column]) })))));
    at("detail").replaceChildren(...parts);
  }

  const fill = (id, values, label = (v) => v) => {
    if (at(id)) for (const value of values) at(id).append(make("option", { value, text: label(value) }));
  };
  if (marked) {
    const every = studies.flatMap((study) => study.marks);
    const known = (...names) => [...new Set(every.flatMap((mark) => names.map((name) => mark[name])).filter(Boolean))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    fill("level", known("level", "meant"));
    fill("kind", known("kind"));
    fill("status", data.statuses.filter((status) => every.some((mark) => mark.status === status)), words);
  }
  at("find").addEventListener("input", draw);
  for (const id of ["level", "kind", "status", "part"]) if (at(id)) at(id).addEventListener("change", draw);
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    if (!step || !shown.length) return;
    event.preventDefault();
    const next = shown[Math.min(shown.length - 1, Math.max(0, shown.indexOf(state.chosen) + step))];
    choose(next);
    next.row.focus({ preventScroll: true });
    next.row.scrollIntoView({ block: "nearest" });
  });

  let linked = "";
  try { linked = decodeURIComponent(location.hash.slice(1)); } catch { linked = ""; }
  state.chosen = studies.find((study) => study.id === linked) || null;
  draw();
  if (state.chosen) choose(state.chosen);
})();
