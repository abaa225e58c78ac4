// Which slice and which part of another series shows the same place: by the patient's coordinates
// where both series have them and run alike, else by fractions of the stack and of the image.

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
const minus = (a, b) => a.map((value, axis) => value - b[axis]);
const plus = (a, b, by) => a.map((value, axis) => value + by * b[axis]);
const normalOf = (frame) => cross(frame.row, frame.column);

const alike = (one, other) =>
  Boolean(one.frame && other.frame) &&
  Math.abs(dot(normalOf(one.frame), normalOf(other.frame))) > 0.94;
const crossed = (one, other) => Boolean(one.frame && other.frame) && !alike(one, other);

function sameSlice(from, slice, to) {
  // The slice of another series at the same place; null where the two cross each other.
  if (alike(from, to)) {
    const normal = normalOf(to.frame);
    const here = dot(from.frame.positions[slice], normal);
    const away = to.frame.positions.map((place) => Math.abs(dot(place, normal) - here));
    return away.indexOf(Math.min(...away));
  }
  if (crossed(from, to)) return null;
  return Math.round((slice / Math.max(from.slices - 1, 1)) * (to.slices - 1));
}

function samePoint(from, slice, [x, y], to, toSlice) {
  // A pixel of one series as a pixel of another that runs alike.
  if (alike(from, to) && from.spacing && to.spacing) {
    let point = from.frame.positions[slice];
    point = plus(point, from.frame.row, x * from.spacing[1]);
    point = plus(point, from.frame.column, y * from.spacing[0]);
    const offset = minus(point, to.frame.positions[toSlice]);
    return [dot(offset, to.frame.row) / to.spacing[1], dot(offset, to.frame.column) / to.spacing[0]];
  }
  return [(x / from.columns) * to.columns, (y / from.rows) * to.rows];
}

function crossing(on, slice, other, otherSlice) {
  // Where a slice of a crossing series cuts a slice: two pixels, null where it does not.
  if (!crossed(on, other) || !on.spacing || !other.spacing) return null;
  const corner = other.frame.positions[otherSlice];
  const width = other.columns * other.spacing[1];
  const height = other.rows * other.spacing[0];
  const normal = normalOf(on.frame);
  const base = on.frame.positions[slice];
  const corners = [
    corner,
    plus(corner, other.frame.row, width),
    plus(plus(corner, other.frame.row, width), other.frame.column, height),
    plus(corner, other.frame.column, height),
  ];
  const ends = [];
  corners.forEach((a, index) => {
    const b = corners[(index + 1) % 4];
    const [da, db] = [dot(minus(a, base), normal), dot(minus(b, base), normal)];
    if (da * db < 0) ends.push(plus(a, minus(b, a), da / (da - db)));
  });
  if (ends.length !== 2) return null;
  return ends.map((point) => {
    const offset = minus(point, base);
    return [dot(offset, on.frame.row) / on.spacing[1], dot(offset, on.frame.column) / on.spacing[0]];
  });
}
