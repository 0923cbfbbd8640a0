// What users were shown and what they liked of it: figures of two periods, and like rates by source and by place.

import { sparkline } from "./charts.js";
import { element } from "./dom.js";
import { number, percent } from "./metric_panels.js";
import { sourceLabel } from "./source_labels.js";

const $ = id => document.getElementById(id), PERIODS = ["15m", "24h"], RECENT = "15m";

/** The rows of the table: a label, and the text for a period's figures. */
const FIGURES = [
  ["Videos shown", served => number(served.shown)],
  ["Liked, of those shown", served => percent(served.like_rate), "main"],
  ["Liked, control group", served => (served.control.shown ? percent(served.control.like_rate) : "no group")],
  ["Acted on, of those shown", served => percent(served.acted_on)],
  ["Liked, of those acted on", served => percent(served.like_rate_of_acted_on)],
  ["Lists with a like, of those acted on", served => percent(served.lists_with_a_like)],
  ["First likes after a list, found in its first ten", served => percent(served.hit_rate)],
  ["Places explored", served => percent(served.explored_share)],
  ["Liked, explored places", served => percent(served.explored.like_rate)],
  ["Liked, other places", served => percent(served.not_explored.like_rate)],
  ["Likes that exploration costs, of 100 shown", served => (served.exploration_cost === null ? "–" : number(100 * served.exploration_cost))],
  ["Shown again although acted on", served => percent(served.repeats)],
];

/** The rows that are known for a day only. */
const CATALOGUE = [
  ["Catalogue shown", found => `${percent(found.coverage)} of ${number(found.videos)}`],
  ["New videos shown 20 times", found => (found.new_videos ? `${percent(found.new_videos_seen)} of ${number(found.new_videos)}` : "none new")],
];

function tableRow(label, cells, className = "") {
  const name = element("th", "", label);
  name.scope = "row";
  return element("tr", className, name, ...cells.map(text => element("td", "", text)));
}

function bar(share, highest) {
  const fill = element("i"), track = element("span", "track", fill);
  fill.style.width = `${(100 * (share ?? 0)) / highest}%`;
  track.setAttribute("aria-hidden", "true");
  return track;
}

function rateRow(label, { shown, like_rate: rate }, highest, chart, className = "") {
  const row = element("li", `row ${className}`, element("span", "", label), bar(rate, highest), chart, element("span", "number", percent(rate)));
  row.title = `${number(shown)} shown`;
  return row;
}

function showSources(served, points, span) {
  const series = value => sparkline(points.map(point => ({ at: point.at, value: value(point) ?? null })), span);
  const sources = Object.entries(served.by_source).sort((one, other) => (other[1].like_rate ?? 0) - (one[1].like_rate ?? 0));
  const highest = Math.max(...sources.map(([, one]) => one.like_rate ?? 0), served.like_rate ?? 0, served.control.like_rate ?? 0, 0.01);
  $("sources").replaceChildren(
    rateRow("All lists", served, highest, series(point => point.like_rate), "main"),
    ...(served.control.shown ? [rateRow("Control group", served.control, highest, series(point => point.control_like_rate))] : []),
    ...sources.map(([name, one]) => rateRow(sourceLabel(name), one, highest, series(point => point.like_rate_by_source[name]))));
}

function showPlaces(served) {
  const places = Object.entries(served.by_place), highest = Math.max(...places.map(([, one]) => one.like_rate ?? 0), 0.01);
  $("places").replaceChildren(...places.map(([place, one]) => rateRow(`Place ${place}`, one, highest, element("span", "number", number(one.shown)))));
  $("places-note").textContent = places.length ? "Likes per video shown in each place, last 15 minutes, and how many were shown there." : "No list was served in the last 15 minutes.";
}

/** Show an overview's figures; `points` is the history, the last of which is now, and `span` its length in seconds. */
export function showServed({ served, catalogue }, points, span) {
  const rows = FIGURES.map(([label, format, className]) => tableRow(label, PERIODS.map(period => format(served[period])), className));
  const ofADay = catalogue ? CATALOGUE.map(([label, format]) => tableRow(label, ["", format(catalogue)])) : [];
  $("served").replaceChildren(...rows, ...ofADay);
  showSources(served[RECENT], points, span);
  showPlaces(served[RECENT]);
}
