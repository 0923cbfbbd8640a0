// The operations page: the statistics of all workers, live, and their last hour.

import { fetchWithKey } from "./api_key.js";
import { sparkline, timeSpan } from "./charts.js";
import { element } from "./dom.js";
import { findProblems } from "./health_check.js";
import { followUpdates, showState } from "./live_updates.js";
import { duration, MetricPanel, METRICS, number, percent } from "./metric_panels.js";
import { showServed } from "./served_panels.js";
import { featureLabel } from "./source_labels.js";

const HISTORY_S = 3600, HISTORY_INTERVAL_S = 10, STALE_AFTER_S = 5, MAX_WEIGHTS = 8, WORKER_COLUMNS = 11;
const $ = id => document.getElementById(id);
const panels = METRICS.map(metric => new MetricPanel(metric));
let history = [], updatedAt = null, shownState = "";

function setText(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

/** Show the problems, or that there are none. The page changes only when they do, as screen readers announce it. */
function showHealth(problems, detail) {
  const text = problems.join("\n");
  if ($("health").dataset.shown !== text) {
    $("health").dataset.shown = text;
    $("health").className = `health ${problems.length ? "bad" : "good"}`;
    $("health").replaceChildren(element("strong", "", problems.length ? "Needs attention" : "No problems found"), element("ul", "", ...problems.map(problem => element("li", "", problem))));
    document.title = `${problems.length ? `(${problems.length}) ` : ""}RecoMind: operations`;
  }
  setText("detail", detail);
}

const series = (points, field, name) => points.map(point => ({ at: point.at, value: point[field][name] ?? null }));

function showWeights(points, span) {
  const { weights, version } = points.at(-1);
  $("weights").replaceChildren(...Object.entries(weights).slice(0, MAX_WEIGHTS).map(([name, weight]) =>
    element("li", "row", element("span", "", featureLabel(name)), sparkline(series(points, "weights", name), span), element("span", "number", weight.toFixed(2)))));
  setText("blend-note", version ? `Learned from ${number(version)} likes of all users. A weight is the change of a score if the feature grows by one standard deviation.` : "Nothing has been learned yet: the fixed initial weights are used.");
}

function workerRow(worker) {
  const sum = values => Object.values(values).reduce((total, value) => total + value, 0);
  const name = element("th", "", element("span", "", worker.worker), ...(worker.leads ? [element("span", "chip", "leader")] : []));
  name.scope = "row"; name.title = `serves ${worker.address}`;
  const partitions = element("span", "parts", ...(worker.partitions.length ? worker.partitions.map(partition => element("i", "", String(partition))) : ["none"]));
  const cells = [number(sum(worker.per_second)), number(sum(worker.lag)), number(worker.waiting), number(worker.lists_per_second), number(worker.keys.profiles ?? 0), number(worker.streams), percent(worker.processor), `${Math.round(worker.memory / 2 ** 20)} MiB`, duration(worker.up)];
  return element("tr", "", name, element("td", "", partitions), ...cells.map(cell => element("td", "", cell)));
}

function showWorkers(workers) {
  const empty = element("td", "quiet", "No worker publishes statistics.");
  empty.colSpan = WORKER_COLUMNS;
  $("workers").replaceChildren(...(workers.length ? workers.map(workerRow) : [element("tr", "", empty)]));
}

function showOverview(overview) {
  const { together: total, workers } = overview, points = [...history, total], span = timeSpan(points);
  updatedAt = performance.now();
  document.body.classList.remove("stale");
  panels.forEach(panel => panel.update(points, span));
  showServed(overview, points, span);
  showWeights(points, span);
  showWorkers(workers);
  showHealth(findProblems(overview, points), `${workers.length} worker${workers.length === 1 ? "" : "s"} · ${workers.reduce((sum, worker) => sum + worker.partitions.length, 0)} partitions · blend trained on ${number(total.version)} likes`);
  if (total.at - (history.at(-1)?.at ?? 0) >= HISTORY_INTERVAL_S) history = [...history, total].filter(point => point.at > total.at - HISTORY_S);
}

/** Mark the page as stale if no update has arrived for a while. */
function checkStale() {
  const age = updatedAt === null ? 0 : (performance.now() - updatedAt) / 1000;
  if (age < STALE_AFTER_S) return;
  document.body.classList.add("stale");
  shownState = "";
  $("live").className = "live offline";
  setText("live", "no updates");
  showHealth(["No updates from the workers: the values below are old."], `The last update was ${duration(age)} ago.`);
}

async function start() {
  $("metrics").append(...panels.map(panel => panel.root));
  setInterval(checkStale, 1000);
  const response = await fetchWithKey("/operations/history").catch(() => null);
  if (response?.ok) history = await response.json();
  followUpdates("/operations", { onValue: showOverview, onState: state => {
    if (state !== shownState) showState(shownState = state);
    if (state === "unauthorized") showHealth(["This page needs an API key with the scope admin."], "");
    if (state === "offline" && updatedAt === null) showHealth(["This worker cannot be reached."], "The page tries again every few seconds.");
  } });
}
start();
