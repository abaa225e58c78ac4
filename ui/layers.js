// What lies over a slice: discs with their names, vertebrae, the canal, other slices, a scale.

const markOf = (found, plane, exact) => {
  const marks = found.marks.filter((mark) => mark.series === plane.series.key);
  return marks.find((mark) => mark.slice === plane.slice) ?? (exact ? undefined : marks[0]);
};

const middleOf = (points) => {
  const sum = points.reduce((total, p) => [total[0] + p[0], total[1] + p[1]], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
};

const path = (mark, toStage) => mark.polygon.map((p) => toStage(p).join(",")).join(" ");

function layOver(plane, toStage) {
  const { overlay } = plane;
  if (layers.canal) {
    for (const canal of view.canal) {
      const mark = markOf(canal, plane, true);
      if (mark) overlay.append(make("polygon", { points: path(mark, toStage), class: "rx-canal" }));
    }
  }
  for (const vertebra of view.vertebrae) {
    const mark = markOf(vertebra, plane, true);
    if (!mark) continue;
    if (layers.vertebrae) {
      overlay.append(make("polygon", { points: path(mark, toStage), class: "rx-body" }));
    }
    if (layers.levels || layers.vertebrae) {
      const [x, y] = toStage(middleOf(mark.polygon));
      overlay.append(make("text", { x, y, class: "rx-vertebra" }, vertebra.level));
    }
  }
  if (layers.levels) for (const level of view.levels) layLevel(plane, level, toStage);
  const other = planes.find((candidate) => candidate !== plane);
  const ends = other?.series && crossing(plane.series, plane.slice, other.series, other.slice);
  if (ends) {
    const [[x1, y1], [x2, y2]] = ends.map(toStage);
    overlay.append(make("line", { x1, y1, x2, y2, class: "rx-crossing" }));
  }
}

function layLevel(plane, level, toStage) {
  const mark = markOf(level, plane, false);
  if (!mark) return;
  const exact = mark.slice === plane.slice;
  const lit = level.level === marked || level.level === hovered;
  const group = make("g", {
    class: `rx-level rx-tone${level.tone}${lit ? " rx-lit" : ""}${exact ? "" : " rx-far"}`,
    "data-level": level.level,
  });
  if (exact || lit) group.append(make("polygon", { points: path(mark, toStage) }));
  // The label stands in front of the disc, beyond the anterior end of its axis.
  const ends = (mark.axis ?? [mark.polygon[0], middleOf(mark.polygon)]).map(toStage);
  const [front, back] = ends;
  const length = Math.hypot(front[0] - back[0], front[1] - back[1]) || 1;
  const unit = [(front[0] - back[0]) / length, (front[1] - back[1]) / length];
  const x = front[0] + unit[0] * 12;
  const y = front[1] + unit[1] * 12;
  const anchor = unit[0] < 0 ? "end" : "start";
  group.append(make("text", { x, y, "text-anchor": anchor }, level.level));
  plane.overlay.append(group);
}

function layScale({ stage, overlay }, millimetre) {
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
