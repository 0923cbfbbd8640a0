// The metrics of the operations page. Each panel shows the name, the value now, and a chart of the values before.

import { drawLines, roundUp, trackPointer } from "./charts.js";
import { element } from "./dom.js";

const numberFormat = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
export const number = value => (value === null ? "–" : numberFormat.format(value));
export const seconds = value => (value === null ? "–" : value < 1 ? `${Math.round(value * 1000)} ms` : `${numberFormat.format(value)} s`);
export const percent = value => (value === null ? "–" : `${numberFormat.format(100 * value)} %`);
export const duration = value => {
  const minutes = Math.floor(value / 60), hours = Math.floor(minutes / 60);
  return hours ? `${hours} h ${minutes % 60} min` : minutes ? `${minutes} min` : `${Math.floor(value)} s`;
};
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/**
 * All metrics, the important ones first.
 * `fields`: fields of a summary, a line each. `format`: makes a value readable. `isBad`: whether a value needs
 * attention. `max`: upper bound of the chart, if it is fixed. `emptyNote`: replaces `note` while there is no value.
 */
export const METRICS = [
  { name: "Actions per second", note: "applied to profiles, mean of 10 s", fields: ["actions_per_second"], format: number, isMain: true },
  { name: "Freshness (action to list)", note: "median and 99th percentile, last minute", fields: ["fresh_p50", "fresh_p99"], format: seconds, isMain: true, isBad: value => value > 5, emptyNote: "no list ranked in the last minute" },
  { name: "Consumer lag (records)", note: "in Kafka and not committed yet", fields: ["lag"], format: number, isMain: true, isBad: value => value > 10000 },
  { name: "Cache hit rate", note: "lists served from Redis, last minute", fields: ["cache_hits"], format: percent, max: 1, isMain: true, isBad: value => value < 0.5, emptyNote: "no list requested in the last minute" },
  { name: "Liked, of what was shown", note: "ranked lists and control group, 15 min", fields: ["like_rate", "control_like_rate"], format: percent, isMain: true, emptyNote: "no list served in the last 15 minutes" },
  { name: "Lists ranked per second", fields: ["lists_per_second"], format: number },
  { name: "Pending refreshes", fields: ["waiting"], format: number, isBad: value => value > 1000 },
  { name: "Dead letters", fields: ["dead_letters"], format: number },
  { name: "Timer errors", fields: ["timer_errors"], format: number },
  { name: "Open event streams", fields: ["streams"], format: number },
];

/** A metric on the page. */
export class MetricPanel {
  constructor(metric) {
    this.metric = metric;
    this.value = element("p", "value");
    this.note = element("p", "quiet note", metric.note ?? "");
    this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.svg.setAttribute("role", "img");
    this.axisStart = element("span"); this.axisMiddle = element("span"); this.axisEnd = element("span", "", "now");
    this.root = element("article", `metric ${metric.isMain ? "main" : ""}`, element("h2", "name", metric.name), this.value, this.note, element("div", "chart", this.svg, element("p", "axis", this.axisStart, this.axisMiddle, this.axisEnd)));
    this.points = []; this.span = 0; this.pointer = null;
    trackPointer(this.svg, position => { this.pointer = position; this.showAxis(); });
  }

  /** Show new points, the last of which is now; `span` is the time span of the chart in seconds. */
  update(points, span) {
    const { fields, format, isBad, max, emptyNote } = this.metric, now = points.at(-1);
    [this.points, this.span] = [points, span];
    const values = fields.map(field => now[field]), known = points.flatMap(point => fields.map(field => point[field])).filter(value => value !== null);
    const high = max ?? roundUp(Math.max(0, ...known));
    this.root.classList.toggle("bad", Boolean(isBad) && values.some(value => value !== null && isBad(value)));
    this.value.replaceChildren(...values.flatMap((value, index) => (index ? value === null ? [] : [element("small", `n${index}`, format(value))] : [format(value)])));
    this.note.textContent = emptyNote && values[0] === null ? emptyNote : (this.metric.note ?? "");
    drawLines(this.svg, fields.map(field => points.map(point => ({ at: point.at, value: point[field] }))), { high, span });
    this.svg.setAttribute("aria-label", `${this.metric.name}, the last ${duration(span)}: from ${format(known.length ? Math.min(...known) : null)} to ${format(known.length ? Math.max(...known) : null)}, now ${values.map(format).join(" and ")}`);
    this.maxLabel = `max ${format(high)}`;
    this.showAxis();
  }

  /** Below the chart: its bounds, or the time and value at the pointer. */
  showAxis() {
    const last = this.points.at(-1), pointerTime = last && this.pointer !== null ? last.at - (1 - this.pointer) * this.span : null;
    const nearest = pointerTime === null ? null : this.points.reduce((best, point) => (Math.abs(point.at - pointerTime) < Math.abs(best.at - pointerTime) ? point : best));
    this.axisStart.textContent = nearest ? clock.format(nearest.at * 1000) : `${duration(this.span)} ago`;
    this.axisMiddle.textContent = nearest ? this.metric.fields.map(field => this.metric.format(nearest[field])).join(" · ") : this.maxLabel;
    this.axisEnd.textContent = nearest ? "" : "now";
  }
}
