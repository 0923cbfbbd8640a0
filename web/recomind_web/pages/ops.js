// The operator's page: what all workers say of themselves, as it comes, and their last hour.

import { ask } from "./access.js";
import { element } from "./cards.js";
import { span, spark } from "./charts.js";
import { Figure, FIGURES, number, percent, since } from "./figures.js";
import { follow, showState } from "./live.js";
import { faults } from "./verdict.js";

const HOUR = 3600, EVERY = 10, STALE = 5, HEAVIEST = 8;
const $ = id => document.getElementById(id);
const figures = FIGURES.map(about => new Figure(about));
let history = [], came = null, followed = "";

function setText(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

/** What is wrong, or that nothing is; said anew only when it changes. */
function judge(found, detail) {
  const text = found.join("\n");
  if ($("verdict").dataset.said !== text) {
    $("verdict").dataset.said = text;
    $("verdict").className = `verdict ${found.length ? "bad" : "good"}`;
    $("verdict").replaceChildren(element("strong", "", found.length ? "Needs attention" : "All is well"), element("ul", "", ...found.map(one => element("li", "", one))));
    document.title = `${found.length ? `(${found.length}) ` : ""}RecoMind: operations`;
  }
  setText("detail", detail);
}

const over = (points, field, name) => points.map(point => ({ at: point.at, value: point[field][name] ?? null }));

function bar(name, points, window, widest) {
  const share = points.at(-1).quality[name], fill = element("i"), words = name.replaceAll("_", " ");
  fill.style.width = `${(100 * share) / widest}%`;
  const track = element("span", "track", fill);
  track.setAttribute("aria-hidden", "true");
  return element("li", `row ${name === "hybrid" ? "main" : ""}`, element("span", "", words), track, spark(over(points, "quality", name), window), element("span", "number", percent(share)));
}

function showQuality(points, window) {
  const { quality, likes_scored: likes } = points.at(-1);
  const names = Object.keys(quality).sort((one, other) => (other === "hybrid") - (one === "hybrid") || quality[other] - quality[one]);
  const widest = Math.max(...Object.values(quality), 0.01);
  $("quality").replaceChildren(...names.map(name => bar(name, points, window, widest)));
  setText("quality-note", names.length ? `Of the latest ${Math.round(likes)} likes, how many videos were among the first ten just before: in the hybrid's list, and in each source's own.` : "No like has scored the ranking yet. The first one of a video that its person had not seen will.");
}

function showWeights(points, window) {
  const { weights, version } = points.at(-1);
  $("weights").replaceChildren(...Object.entries(weights).slice(0, HEAVIEST).map(([name, weight]) =>
    element("li", "row", element("span", "", name.replaceAll("_", " ")), spark(over(points, "weights", name), window), element("span", "number", weight.toFixed(2)))));
  setText("blend-note", version ? `Learned from ${number(version)} likes, for everybody: what one standard deviation more of it adds to a score.` : "Nothing has been learned yet: a fixed prior ranks.");
}

function row(worker) {
  const sum = values => Object.values(values).reduce((total, value) => total + value, 0);
  const name = element("th", "", element("span", "", worker.worker), ...(worker.leads ? [element("span", "chip", "leads")] : []));
  name.scope = "row"; name.title = `serves ${worker.address}`;
  const parts = element("span", "parts", ...worker.partitions.map(partition => element("i", "", String(partition))));
  const cells = [number(sum(worker.per_second)), number(sum(worker.lag)), number(worker.waiting), number(worker.lists_per_second), number(worker.keys.profiles ?? 0), number(worker.streams), percent(worker.processor), `${Math.round(worker.memory / 2 ** 20)} MiB`, since(worker.up)];
  return element("tr", "", name, element("td", "", parts), ...cells.map(cell => element("td", "", cell)));
}

function showWorkers(workers) {
  const nobody = element("td", "quiet", "No worker tells of itself.");
  nobody.colSpan = 11;
  $("workers").replaceChildren(...(workers.length ? workers.map(row) : [element("tr", "", nobody)]));
}

function take(overview) {
  const { together, workers } = overview, points = [...history, together], window = span(points);
  came = performance.now();
  document.body.classList.remove("stale");
  figures.forEach(figure => figure.update(points, window));
  showQuality(points, window);
  showWeights(points, window);
  showWorkers(workers);
  judge(faults(overview, points), `${workers.length} worker${workers.length === 1 ? "" : "s"} · ${workers.reduce((sum, one) => sum + one.partitions.length, 0)} partitions · ${number(together.version)} likes learned from`);
  if (together.at - (history.at(-1)?.at ?? 0) >= EVERY) history = [...history, together].filter(point => point.at > together.at - HOUR);
}

/** Say so when nothing has come for a while: what stands here is old then. */
function watch() {
  const age = came === null ? 0 : (performance.now() - came) / 1000;
  if (age < STALE) return;
  document.body.classList.add("stale");
  followed = "";
  $("live").className = "live away";
  setText("live", "no news");
  judge(["No news from the workers: what stands here is old."], `The last came ${since(age)} ago.`);
}

async function start() {
  $("figures").append(...figures.map(figure => figure.made));
  setInterval(watch, 1000);
  const answer = await ask("/operations/history").catch(() => null);
  if (answer?.ok) history = await answer.json();
  follow("/operations", { list: take, state: state => {
    if (state !== followed) showState(followed = state); // said anew only when it changes
    if (state === "shut") judge(["This page needs a key with the scope admin."], "");
    if (state === "away" && came === null) judge(["This worker cannot be reached."], "It is asked again and again.");
  } });
}
start();
