// Small charts in SVG over time: gaps in the numbers are gaps in the line, and a pointer reads a value off.

const SPACE = "http://www.w3.org/2000/svg", WINDOWS = [300, 600, 1800, 3600], GAP = 45, HEIGHT = 40;

function part(name, attributes) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** The seconds that charts show: the least of some lengths that holds all points. */
export function span(points) {
  const length = points.length ? points.at(-1).at - points[0].at : 0;
  return WINDOWS.find(window => length <= window) ?? WINDOWS.at(-1);
}

/** The least of 1, 2, 5, 10, 20, ... that is not below a value. */
export function above(value) {
  if (!(value > 0)) return 1;
  const step = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map(times => times * step).find(bound => bound >= value * 0.999);
}

const isKnown = value => value !== null && value !== undefined;

/** A path through the known points; it breaks where one is missing or where nobody told anything for long. */
function path(points, x, y) {
  let drawn = "", last = null;
  for (const { at, value } of points) {
    if (isKnown(value)) drawn += `${last !== null && at - last <= GAP ? "L" : "M"}${x(at).toFixed(2)} ${y(value).toFixed(2)}`;
    last = isKnown(value) ? at : null;
  }
  return drawn;
}

/**
 * Draw lines into `svg`, whose contents are replaced.
 * `lines`: for each, its points as `{at, value}`, oldest first. `low` and `high` bound the values, `window` the seconds.
 */
export function draw(svg, lines, { low = 0, high, window }) {
  svg.setAttribute("viewBox", `0 0 100 ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  const now = Math.max(...lines.map(points => points.at(-1)?.at ?? 0));
  const x = at => 100 - (100 * (now - at)) / window, y = value => HEIGHT - 2 - ((HEIGHT - 4) * (value - low)) / (high - low || 1);
  const made = [part("path", { class: "zero", d: `M0 ${y(Math.max(0, low))}L100 ${y(Math.max(0, low))}` })];
  lines.forEach((points, place) => {
    const drawn = path(points, x, y), end = points.at(-1), begun = points.find(point => isKnown(point.value));
    const whole = begun && points.every(point => isKnown(point.value)) && drawn.lastIndexOf("M") === 0;
    if (!place && whole && low === 0) made.push(part("path", { class: "area", d: `${drawn}L100 ${y(0)}L${x(begun.at).toFixed(2)} ${y(0)}Z` }));
    made.push(part("path", { class: `line n${place}`, d: drawn }));
    if (end && isKnown(end.value)) made.push(part("path", { class: `dot n${place}`, d: `M100 ${y(end.value).toFixed(2)}l0 0` }));
  });
  svg.replaceChildren(...made);
}

/** A line without axes, between its lowest and its highest value, with zero in view. */
export function spark(points, window) {
  const svg = part("svg", { class: "spark", "aria-hidden": "true" }), known = points.map(point => point.value).filter(isKnown);
  draw(svg, [points], { low: Math.min(0, ...known), high: Math.max(0, ...known) || 1, window });
  return svg;
}

/** Call `told(share)` with where over `svg` the pointer is, from 0 to 1; null once it has left. */
export function pointed(svg, told) {
  svg.addEventListener("pointermove", event => {
    const box = svg.getBoundingClientRect();
    told(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
  });
  svg.addEventListener("pointerleave", () => told(null));
}
