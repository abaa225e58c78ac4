"use strict";
// Draws the figures when they come into sight, in the colours of the page's light or dark look.
(() => {
  const FIGURES = JSON.parse(document.getElementById("figures").textContent);
  const CONFIG = { responsive: true, displaylogo: false, displayModeBar: "hover",
    modeBarButtons: [["toImage"]] };
  const MAP_CONFIG = { ...CONFIG, displayModeBar: true,
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]] };
  const NARROW = () => window.innerWidth <= 900;
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  // --- colours ---------------------------------------------------------------------------------

  const channels = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const mixed = (one, other, share) => {
    const to = channels(other);
    return `rgb(${channels(one).map((v, i) => Math.round(v + (to[i] - v) * share)).join(",")})`;
  };
  const alongScale = (share) =>
    share < 0.5 ? mixed(css("low"), css("mid"), share * 2) : mixed(css("mid"), css("high"), share * 2 - 1);
  const named = {
    soft: () => css("unknown"),
    accent: () => css("accent"),
    sequential: () => [[0, css("low")], [0.5, css("mid")], [1, css("high")]],
    diverging: () => [[0, css("minus")], [0.5, css("zero")], [1, css("plus")]],
  };
  function colour(name) {
    const step = /^\$step(\d+)of(\d+)$/.exec(name);
    if (step) return alongScale(0.12 + 0.88 * step[1] / Math.max(1, step[2] - 1));
    const key = name.slice(1);
    return key in named ? named[key]() : css(`c${key}`);
  }

  // --- text: nothing in the data may become markup ---------------------------------------------

  const plain = (text) =>
    String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("\n", "<br>");
  const TEXTS = new Set(["name", "text", "customdata", "ticktext", "categoryarray"]);
  const escaped = (value) => Array.isArray(value) ? value.map(escaped)
    : typeof value === "string" ? plain(value) : value;

  function prepared(value, key) {
    if (Array.isArray(value)) {
      if (TEXTS.has(key) || key === "x" || key === "y") return escaped(value);
      return value.map((item) => prepared(item, key));
    }
    if (typeof value === "string") {
      if ((key === "color" || key === "colorscale") && value.startsWith("$")) return colour(value);
      return TEXTS.has(key) ? plain(value) : value;
    }
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, prepared(v, k)]));
    }
    return value;
  }

  /** Long labels in lines, so that they leave room for the plot. */
  function wrapped(label, most) {
    const lines = [];
    for (const word of label.split(" ")) {
      const last = lines.length - 1;
      if (last >= 0 && `${lines[last]} ${word}`.length <= most) lines[last] += ` ${word}`;
      else lines.push(word);
    }
    return lines.join("<br>");
  }

  function aliases(data, axis, most) {
    const labels = new Set(data.flatMap((trace) => trace[axis] || []).filter((v) => typeof v === "string"));
    return Object.fromEntries([...labels].filter((l) => l.length > most).map((l) => [l, wrapped(l, most)]));
  }

  function styled(axis) {
    return { gridcolor: css("line"), zerolinecolor: css("line"), linecolor: css("line"), ...axis,
      tickfont: { size: NARROW() ? 10.5 : 12 }, title: { font: { size: 12 }, standoff: 8, ...(axis || {}).title } };
  }

  function layout(data, given) {
    const most = NARROW() ? 16 : 30;
    const made = { margin: { l: 8, r: 12, t: 10, b: 36 }, ...given,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, -apple-system, Segoe UI, Roboto, sans-serif", size: 12, color: css("ink") },
      colorway: Array.from({ length: 9 }, (_, i) => css(`c${i}`)),
      modebar: { bgcolor: "rgba(0,0,0,0)", color: css("unknown"), activecolor: css("accent") },
      hoverlabel: { bgcolor: css("card"), bordercolor: css("line"), font: { color: css("ink"), size: 12 }, align: "left" },
      legend: { orientation: "h", traceorder: "normal", x: 0, y: 1.02, yanchor: "bottom", font: { size: 11.5 }, ...given.legend } };
    for (const axis of ["xaxis", "yaxis"]) {
      made[axis] = styled(given[axis]);
      if (made[axis].type === "category") {
        made[axis].labelalias = aliases(data, axis[0], axis === "xaxis" ? 14 : most);
      }
    }
    return made;
  }

  // --- figures ---------------------------------------------------------------------------------

  const drawn = new Map();

  function draw(holder) {
    const figure = FIGURES[holder.dataset.figure];
    const spec = figure.views[holder.dataset.view || 0].spec;
    const data = prepared(spec.data, "data").map((trace) =>
      trace.colorbar ? { ...trace, colorbar: { ...trace.colorbar, tickfont: { size: 11 } },
        showscale: !NARROW(), textfont: { size: NARROW() ? 9 : 11 } } : trace);
    // Wrapped labels of lying bars need more room.
    const lying = data.some((trace) => trace.orientation === "h");
    holder.querySelector(".plot").style.height = `${figure.height * (lying && NARROW() ? 1.25 : 1)}px`;
    Plotly.react(holder.querySelector(".plot"), data, layout(data, prepared(spec.layout, "layout")), CONFIG);
    drawn.set(holder, draw);
  }

  for (const holder of document.querySelectorAll("[data-figure]")) {
    const choose = (view) => { holder.dataset.view = view; draw(holder); };
    const buttons = [...holder.querySelectorAll(".tabs button")];
    for (const button of buttons) {
      button.addEventListener("click", () => {
        for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
        choose(button.value);
      });
    }
    const list = holder.querySelector("select.choose");
    if (list) list.addEventListener("change", () => choose(list.value));
  }

  // --- the map ---------------------------------------------------------------------------------

  const MAP = FIGURES["map-points"];
  const mapFigure = document.getElementById("map-figure");

  function mapTraces(column) {
    const at = (rows) => ({ type: "scatter", mode: "markers", hoverinfo: "none",
      x: rows.map((i) => MAP.x[i]), y: rows.map((i) => MAP.y[i]), customdata: rows });
    const marker = { size: MAP.x.length > 800 ? 6 : 8, opacity: 0.85, line: { width: 0.5, color: css("card") } };
    const all = MAP.x.map((_, i) => i);
    if (column && column.labels) {
      return column.labels.map((label, code) => ({ ...at(all.filter((i) => column.codes[i] === code)),
        name: plain(label), marker: { ...marker,
          color: label === "unknown" || label === "other" ? css("unknown") : css(`c${code % 9}`),
          symbol: code < 9 ? "circle" : "diamond" } })).reverse();
    }
    if (!column) return [{ ...at(all), marker: { ...marker, color: css("c0") } }];
    const known = all.filter((i) => column.values[i] !== null);
    const rest = all.filter((i) => column.values[i] === null);
    const values = known.map((i) => column.values[i]);
    // The colours span the middle 96%, so that one far value does not make the others alike.
    const sorted = [...values].sort((a, b) => a - b);
    const cut = (share) => sorted[Math.round(share * (sorted.length - 1))];
    return [{ ...at(rest), name: "unknown", marker: { ...marker, color: css("unknown") }, showlegend: false },
      { ...at(known), name: plain(column.title), showlegend: false, marker: { ...marker, color: values,
        cmin: cut(0.02), cmax: cut(0.98), colorscale: "Viridis",
        colorbar: { thickness: 10, outlinewidth: 0, title: { text: NARROW() ? "" : plain(column.title), side: "right" }, tickfont: { size: 11 } } } }];
  }

  function drawMap() {
    const plot = document.getElementById("map-plot");
    const column = MAP.columns[document.getElementById("map-colour").value];
    const data = mapTraces(column);
    const hidden = { visible: false };
    const legend = NARROW() ? { orientation: "h", y: -0.02, yanchor: "top" }
      : { orientation: "v", x: 1.01, y: 1, yanchor: "top" };
    const made = layout(data, { xaxis: hidden, yaxis: hidden, dragmode: "zoom", hovermode: "closest",
      showlegend: Boolean(column && column.labels), uirevision: "map", margin: { l: 6, r: 6, t: 32, b: 6 },
      legend: { ...legend, traceorder: "reversed", itemsizing: "constant" } });
    const first = !plot.dataset.drawn;
    Plotly.react(plot, data, made, MAP_CONFIG);
    plot.dataset.drawn = "yes";
    plot.dataset.column = column ? column.title : "";
    if (first) {
      plot.on("plotly_hover", (event) => showCard(event.points[0].customdata, event.event));
      plot.on("plotly_click", (event) => showCard(event.points[0].customdata, event.event));
      plot.on("plotly_unhover", hideCard);
      plot.on("plotly_relayout", hideCard);
    }
    drawn.set(mapFigure, drawMap);
  }

  const card = document.getElementById("card");
  const shown = (column, i) => column.labels ? column.labels[column.codes[i]]
    : column.values[i] === null ? "unknown" : String(column.values[i]);

  function showCard(i, event) {
    const chosen = MAP.columns[document.getElementById("map-colour").value];
    card.querySelector("img").src = MAP.thumbnail[i];
    card.querySelector("b").textContent = MAP.name[i];
    const list = card.querySelector("dl");
    list.replaceChildren();
    const others = MAP.columns.filter((c) => c !== chosen && shown(c, i) !== "unknown");
    const told = chosen ? [chosen, ...others] : others;
    for (const column of told.slice(0, 7)) {
      const term = document.createElement("dt"), value = document.createElement("dd");
      term.textContent = column.title;
      value.textContent = shown(column, i);
      list.append(term, value);
    }
    card.hidden = false;
    const box = card.getBoundingClientRect();
    const x = event.clientX + 16 + box.width > innerWidth ? event.clientX - 16 - box.width : event.clientX + 16;
    card.style.left = `${Math.max(6, x)}px`;
    card.style.top = `${Math.max(6, Math.min(event.clientY + 12, innerHeight - box.height - 6))}px`;
  }
  function hideCard() { card.hidden = true; }
  addEventListener("scroll", hideCard, { passive: true });

  if (MAP) {
    const list = document.getElementById("map-colour");
    MAP.columns.forEach((column, i) => list.add(new Option(column.title, i)));
    list.addEventListener("change", drawMap);
  }

  // --- when ------------------------------------------------------------------------------------

  const start = (holder) => {
    if (!drawn.has(holder)) (holder === mapFigure ? drawMap : draw)(holder);
  };
  const holders = [...document.querySelectorAll("[data-figure]"), ...(mapFigure ? [mapFigure] : [])];
  const sight = new IntersectionObserver((seen) => {
    for (const one of seen) if (one.isIntersecting) { start(one.target); sight.unobserve(one.target); }
  }, { rootMargin: "600px" });
  for (const holder of holders) sight.observe(holder);
  addEventListener("beforeprint", () => holders.forEach(start));

  const again = () => { for (const [holder, how] of drawn) how(holder); };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  matchMedia("(max-width: 900px)").addEventListener("change", again);

  const links = new Map([...document.querySelectorAll(".contents a")].map((a) => [a.hash.slice(1), a]));
  const place = new IntersectionObserver((seen) => {
    for (const one of seen) if (one.isIntersecting) {
      for (const link of links.values()) link.classList.toggle("here", link === links.get(one.target.id));
    }
  }, { rootMargin: "-20% 0px -70% 0px" });
  place.observe(document.querySelector("header"));
  for (const id of links.keys()) place.observe(document.getElementById(id));
})();
