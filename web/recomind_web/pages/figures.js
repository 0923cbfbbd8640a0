// The operator's figures: each with its name, its value now, and the time before.

import { element } from "./cards.js";
import { above, draw, pointed } from "./charts.js";

const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
export const number = value => (value === null ? "–" : plain.format(value));
export const seconds = value => (value === null ? "–" : value < 1 ? `${Math.round(value * 1000)} ms` : `${plain.format(value)} s`);
export const percent = value => (value === null ? "–" : `${plain.format(100 * value)} %`);
export const since = value => {
  const minutes = Math.floor(value / 60), hours = Math.floor(minutes / 60);
  return hours ? `${hours} h ${minutes % 60} min` : minutes ? `${minutes} min` : `${Math.floor(value)} s`;
};
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** What is shown, the important ones first. `lines`: fields of a summary; `bad`: whether a value asks for attention. */
export const FIGURES = [
  { name: "Actions a second", lines: ["actions_per_second"], told: number, main: true },
  { name: "Freshness", note: "from action to list, slowest 1 % beside it", lines: ["fresh_p50", "fresh_p99"], told: seconds, main: true, bad: value => value > 5, none: "no list in the last minute" },
  { name: "Lag", note: "records not committed yet", lines: ["lag"], told: number, main: true, bad: value => value > 10000 },
  { name: "Cache hits", note: "of lists asked for in the last minute", lines: ["cache_hits"], told: percent, high: 1, main: true, bad: value => value < 0.5, none: "nobody asked for a list" },
  { name: "Lists a second", lines: ["lists_per_second"], told: number },
  { name: "People waiting", lines: ["waiting"], told: number, bad: value => value > 1000 },
  { name: "Dead letters", lines: ["dead_letters"], told: number },
  { name: "Failed timers", lines: ["timer_errors"], told: number },
  { name: "Pages open", lines: ["streams"], told: number },
];

/** A figure on the page; `update(points, window)` shows new numbers, the last point being now. */
export class Figure {
  constructor(about) {
    this.about = about;
    this.value = element("p", "value");
    this.note = element("p", "quiet note", about.note ?? "");
    this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.svg.setAttribute("role", "img");
    this.high = element("span"); this.from = element("span"); this.to = element("span", "", "now");
    this.made = element("article", `figure ${about.main ? "main" : ""}`, element("h2", "name", about.name), this.value, this.note, element("div", "chart", this.svg, element("p", "axis", this.from, this.high, this.to)));
    this.points = []; this.window = 0; this.at = null;
    pointed(this.svg, share => { this.at = share; this.read(); });
  }

  update(points, window) {
    const { lines, told, bad, high, none } = this.about, now = points.at(-1);
    [this.points, this.window] = [points, window];
    const values = lines.map(field => now[field]), known = points.flatMap(point => lines.map(field => point[field])).filter(value => value !== null);
    const top = high ?? above(Math.max(0, ...known));
    this.made.classList.toggle("bad", Boolean(bad) && values.some(value => value !== null && bad(value)));
    this.value.replaceChildren(...values.flatMap((value, place) => (place ? value === null ? [] : [element("small", `n${place}`, told(value))] : [told(value)])));
    this.note.textContent = none && values[0] === null ? none : (this.about.note ?? "");
    draw(this.svg, lines.map(field => points.map(point => ({ at: point.at, value: point[field] }))), { high: top, window });
    this.svg.setAttribute("aria-label", `${this.about.name}, the last ${since(window)}: from ${told(known.length ? Math.min(...known) : null)} to ${told(known.length ? Math.max(...known) : null)}, now ${values.map(told).join(" and ")}`);
    this.top = `top ${told(top)}`;
    this.read();
  }

  /** Under the chart: its bounds, or the value that the pointer is at. */
  read() {
    const last = this.points.at(-1), wanted = last && this.at !== null ? last.at - (1 - this.at) * this.window : null;
    const near = wanted === null ? null : this.points.reduce((best, point) => (Math.abs(point.at - wanted) < Math.abs(best.at - wanted) ? point : best));
    this.from.textContent = near ? clock.format(near.at * 1000) : `${since(this.window)} ago`;
    this.high.textContent = near ? this.about.lines.map(field => this.about.told(near[field])).join(" · ") : this.top;
    this.to.textContent = near ? "" : "now";
  }
}
