// Small line charts in SVG over time. A gap in the data is a gap in the line; a pointer reads a value off.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg", HEIGHT = 40;
const TIME_SPANS_S = [300, 600, 1800, 3600], MAX_GAP_S = 45;

function svgElement(name, attributes) {
  const created = document.createElementNS(SVG_NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, value);
  return created;
}

/** The time span of a chart in seconds: the shortest of a few spans that includes all points. */
export function timeSpan(points) {
  const length = points.length ? points.at(-1).at - points[0].at : 0;
  return TIME_SPANS_S.find(span => length <= span) ?? TIME_SPANS_S.at(-1);
}

/** The smallest of 1, 2, 5, 10, 20, ... that is not less than a value: the upper bound of an axis. */
export function roundUp(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map(factor => factor * power).find(bound => bound >= value * 0.999);
}

const isKnown = value => value !== null && value !== undefined;

/** An SVG path through the known points; it breaks at an unknown value, and where points are far apart in time. */
function linePath(points, x, y) {
  let path = "", lastAt = null;
  for (const { at, value } of points) {
    if (isKnown(value)) path += `${lastAt !== null && at - lastAt <= MAX_GAP_S ? "L" : "M"}${x(at).toFixed(2)} ${y(value).toFixed(2)}`;
    lastAt = isKnown(value) ? at : null;
  }
  return path;
}

/**
 * Draw lines into `svg`, whose contents are replaced.
 * `lines`: the points of each line as `{at, value}`, oldest first; `at` is in epoch seconds.
 * `low` and `high`: bounds of the values. `span`: time span in seconds.
 */
export function drawLines(svg, lines, { low = 0, high, span }) {
  svg.setAttribute("viewBox", `0 0 100 ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  const now = Math.max(...lines.map(points => points.at(-1)?.at ?? 0));
  const x = at => 100 - (100 * (now - at)) / span, y = value => HEIGHT - 2 - ((HEIGHT - 4) * (value - low)) / (high - low || 1);
  const parts = [svgElement("path", { class: "zero", d: `M0 ${y(Math.max(0, low))}L100 ${y(Math.max(0, low))}` })];
  lines.forEach((points, number) => {
    const path = linePath(points, x, y), last = points.at(-1), first = points.find(point => isKnown(point.value));
    const isUnbroken = first && points.every(point => isKnown(point.value)) && path.lastIndexOf("M") === 0;
    if (!number && isUnbroken && low === 0) parts.push(svgElement("path", { class: "area", d: `${path}L100 ${y(0)}L${x(first.at).toFixed(2)} ${y(0)}Z` }));
    parts.push(svgElement("path", { class: `line n${number}`, d: path }));
    if (last && isKnown(last.value)) parts.push(svgElement("path", { class: `dot n${number}`, d: `M100 ${y(last.value).toFixed(2)}l0 0` }));
  });
  svg.replaceChildren(...parts);
}

/** A small line without axes; zero is always in view. */
export function sparkline(points, span) {
  const svg = svgElement("svg", { class: "spark", "aria-hidden": "true" }), known = points.map(point => point.value).filter(isKnown);
  drawLines(svg, [points], { low: Math.min(0, ...known), high: Math.max(0, ...known) || 1, span });
  return svg;
}

/** Call `onMove(position)` with the pointer's horizontal position over `svg`, from 0 to 1; null when it has left. */
export function trackPointer(svg, onMove) {
  svg.addEventListener("pointermove", event => {
    const box = svg.getBoundingClientRect();
    onMove(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
  });
  svg.addEventListener("pointerleave", () => onMove(null));
}
