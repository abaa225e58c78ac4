// One picture: a slice of a series, drawn with its window, and what is laid over it.

const planes = [];
let active = null;

class Plane {
  constructor(stage) {
    this.stage = stage;
    this.canvas = stage.querySelector(".rx-canvas");
    this.overlay = stage.querySelector(".rx-overlay");
    this.index = 0;
    this.slice = 0;
    this.zoom = { scale: 1, x: 0, y: 0 };
    this.drawing = 0;
    this.observer = new ResizeObserver(() => this.lay());
    this.observer.observe(stage);
  }

  get series() {
    return view.series[this.index];
  }

  get state() {
    return place[this.series.key];
  }

  part(name) {
    return this.stage.querySelector(name);
  }

  fit() {
    // Pixels of the stage for one pixel of the image, across and down.
    const shown = this.series;
    const [down, across] = shown.spacing ?? [1, 1];
    const base = Math.min(across, down);
    const wide = (shown.columns * across) / base;
    const tall = (shown.rows * down) / base;
    const { clientWidth, clientHeight } = this.stage;
    const scale = Math.min(clientWidth / wide, clientHeight / tall) * this.zoom.scale;
    const sx = (scale * across) / base;
    const sy = (scale * down) / base;
    return {
      sx,
      sy,
      ox: (clientWidth - shown.columns * sx) / 2 + this.zoom.x,
      oy: (clientHeight - shown.rows * sy) / 2 + this.zoom.y,
      millimetre: shown.spacing ? sx / across : null,
    };
  }

  show(index, slice) {
    this.index = clamp(index, 0, view.series.length - 1);
    this.slice = clamp(slice ?? this.state.slice, 0, this.series.slices - 1);
    this.state.slice = this.slice;
    const shown = this.series;
    put(this.part(".rx-name"), shown.name);
    put(this.part(".rx-facts"), shown.facts);
    this.part(".rx-synthetic").hidden = !shown.synthetic;
    for (const side of ["left", "right", "top", "bottom"]) {
      put(this.part(`.rx-edge-${side}`), shown.edges?.[side] ?? "");
    }
    return this.draw();
  }

  async draw() {
    if (!this.series) return;
    const turn = ++this.drawing;
    const { series: shown, slice, canvas } = this;
    let data;
    try {
      data = await fetchSlice(shown.key, slice);
    } catch {
      if (turn === this.drawing) {
        put(this.part(".rx-trouble"), "This study is closed. Open it again.");
      }
      return;
    }
    if (turn !== this.drawing) return;
    put(this.part(".rx-trouble"), "");
    const { centre, width } = this.state;
    const low = (centre - width / 2 - shown.lowest) / shown.step;
    const gain = 255 / (width / shown.step);
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
    this.stage.dataset.shown = `${shown.key}:${slice}`;
    this.lay();
  }

  lay() {
    if (!this.series) return;
    const { series: shown, stage, overlay } = this;
    const map = this.fit();
    this.canvas.style.transform = `translate(${map.ox}px, ${map.oy}px) scale(${map.sx}, ${map.sy})`;
    overlay.replaceChildren();
    overlay.setAttribute("viewBox", `0 0 ${stage.clientWidth} ${stage.clientHeight}`);
    const toStage = ([x, y]) => [map.ox + (x + 0.5) * map.sx, map.oy + (y + 0.5) * map.sy];
    layOver(this, toStage);
    if (map.millimetre) layScale(this, map.millimetre);
    put(this.part(".rx-at"), `${this.slice + 1} / ${shown.slices}`);
    const { centre, width } = this.state;
    put(this.part(".rx-wl"), `C ${Math.round(centre)}  W ${Math.round(width)}`);
    const scale = this.zoom.scale;
    put(this.part(".rx-zoom"), scale === 1 ? "" : `${Math.round(scale * 100)} %`);
    stage.setAttribute(
      "aria-label",
      `${shown.name}, slice ${this.slice + 1} of ${shown.slices}. Arrow keys change slice and series.`,
    );
  }

  pixelAt(x, y) {
    const map = this.fit();
    return [(x - map.ox) / map.sx - 0.5, (y - map.oy) / map.sy - 0.5];
  }

  zoomAt(factor, x, y) {
    const scale = clamp(this.zoom.scale * factor, 0.5, 12);
    const real = scale / this.zoom.scale;
    const [cx, cy] = [x - this.stage.clientWidth / 2, y - this.stage.clientHeight / 2];
    this.zoom = { scale, x: cx - (cx - this.zoom.x) * real, y: cy - (cy - this.zoom.y) * real };
    this.lay();
  }

  zoomLike(from, series, slice) {
    // Show the part of the image that another plane shows of `series`, as large.
    if (crossed(series, this.series)) return;
    if (from.zoom.scale === 1 && !from.zoom.x && !from.zoom.y) {
      this.zoom = { scale: 1, x: 0, y: 0 };
      return;
    }
    const { clientWidth, clientHeight } = this.stage;
    const middle = from.middle;
    const millimetre = from.millimetre;
    this.zoom = { scale: 1, x: 0, y: 0 };
    const mine = this.fit().millimetre;
    const scale = mine && millimetre ? millimetre / mine : from.zoom.scale;
    this.zoom.scale = clamp(scale, 0.5, 12);
    const [x, y] = samePoint(series, slice, middle, this.series, this.slice);
    const map = this.fit();
    this.zoom.x = clientWidth / 2 - (map.ox + (x + 0.5) * map.sx);
    this.zoom.y = clientHeight / 2 - (map.oy + (y + 0.5) * map.sy);
  }

  seen() {
    // What zoomLike needs to know of this plane as it is now.
    const { clientWidth, clientHeight } = this.stage;
    return {
      zoom: { ...this.zoom },
      middle: this.pixelAt(clientWidth / 2, clientHeight / 2),
      millimetre: this.fit().millimetre,
    };
  }
}
