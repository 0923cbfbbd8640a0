// The experiments page: what users of each arm were shown and did, whether arms differ, and a form to put one.

import { fetchWithKey, isUnauthorized } from "./api_key.js";
import { element } from "./dom.js";
import { number } from "./metric_panels.js";
import { pathSegment } from "./path_segment.js";

const REFRESH_INTERVAL_MS = 5000, SHOWN_CHANGES = 50;
/** Who has changed an experiment whose arm a guardrail has stopped. */
const GUARDRAIL = "a guardrail";
/** Share of an arm's lists that its ranker may be left out of without a warning. */
const MAX_LEFT_OUT_SHARE = 0.01;
const EXAMPLE = { arms: [{ name: "A" }, { name: "B", exploration: 0.1 }], traffic: 1, guardrails: [{ metric: "like_rate", worse_by: 0.01 }] };
const METRIC_NAMES = { like_rate: "Like rate", watch_share: "Share watched", skip_rate: "Skip rate", repeats: "Repeats" };
const $ = id => document.getElementById(id);
let entries = [], shown = "", changesShown = "";

function showMessage(text, isBad = false) {
  $("message").textContent = text;
  $("message").className = `message full ${isBad ? "bad" : ""}`;
}

/** Send a request. Shows what is wrong if it is refused, and returns null. */
async function send(path, options = {}) {
  const headers = { Accept: "application/json", ...options.headers };
  const response = await fetchWithKey(path, { ...options, headers }).catch(() => null);
  if (response?.ok) return response.json();
  const problem = await response?.json().catch(() => null);
  showMessage(!response ? "This worker cannot be reached." : isUnauthorized(response) ? "This page needs an API key with the scope admin." : problem?.detail ?? response.statusText, true);
  return null;
}

const percent = value => (value === null ? "–" : `${(100 * value).toFixed(2)} %`);
const points = value => (value === null ? "?" : `${value > 0 ? "+" : ""}${(100 * value).toFixed(2)}`);

const moment = at => new Date(at * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
/** When something was changed, and by whom; empty where neither is known. */
const changeOf = ({ changed_at: at, changed_by: by }) => (at ? `${moment(at)}${by ? ` by ${by}` : ""}` : "");

function stateOf({ experiment, is_running: isRunning }) {
  if (isRunning) return ["active", "running"];
  return experiment.ends_at && new Date(experiment.ends_at) <= new Date() ? ["over", "ended"] : ["waiting", "scheduled"];
}

/** A table with a caption, a row of headings, and rows whose first cell is a heading. */
function table(caption, headings, rows) {
  const head = element("tr", "", ...headings.map(text => Object.assign(element("th", "", text), { scope: "col" })));
  const body = rows.map(([first, ...cells]) => element("tr", "", Object.assign(element("th", "", first), { scope: "row" }), ...cells.map(cell => (cell instanceof Node ? cell : element("td", "", cell)))));
  const box = element("div", "figures", element("table", "", element("caption", "", caption), element("thead", "", head), element("tbody", "", ...body)));
  Object.assign(box, { tabIndex: 0, role: "region", ariaLabel: caption });
  return box;
}

const armRow = arm => [arm.stopped ? `${arm.name} (stopped)` : arm.name, `${number(arm.users)}${arm.is_part_of_users ? "+" : ""}`, number(arm.impressions), percent(arm.like_rate), percent(arm.watch_share), percent(arm.skip_rate), percent(arm.repeats), number(arm.coverage), percent(arm.ranker_left_out)];

function differenceRow(one) {
  const range = one.low === null || one.high === null ? "too few users yet" : `${points(one.low)} to ${points(one.high)}`;
  return [`${one.arm}: ${METRIC_NAMES[one.metric]}`, points(one.difference), range, element("td", one.verdict, one.verdict === "unknown" ? "not known yet" : one.verdict)];
}

function resultsOf(entry) {
  const name = entry.name, parts = [table(`${name}: arms`, ["Arm", "Users", "Impressions", "Like rate", "Share watched", "Skip rate", "Repeats", "Distinct videos", "Ranker left out"], entry.arms.map(armRow))];
  if (entry.differences.length) parts.push(table(`${name}: difference from ${entry.arms[0].name} in percentage points, with the interval that holds at any time`, ["Arm and metric", "Difference", "Interval", "Verdict"], entry.differences.map(differenceRow)));
  if (entry.preference) {
    const { preferred, low, high } = entry.preference;
    parts.push(element("p", "did", preferred ? `Users prefer ${preferred}: ${points(low)} to ${points(high)} likes by 100 places.` : "Which ranker users prefer is not known yet."));
  }
  if (entry.sample_ratio && !entry.sample_ratio.is_as_planned) parts.push(element("p", "alarm", `The arms do not have the users that their shares say (p = ${entry.sample_ratio.p_value.toPrecision(2)}). Do not trust these figures.`));
  for (const arm of entry.arms) if (arm.ranker_left_out > MAX_LEFT_OUT_SHARE) {
    const ranker = entry.preference ? "A ranker" : `The ranker of arm ${arm.name}`;
    parts.push(element("p", "alarm", `${ranker} was left out of ${percent(arm.ranker_left_out)} of ${number(arm.lists)} lists: it failed, was too slow, suspended or missing. They show what the hybrid ranked instead, and count all the same. Find out why before you trust these figures.`));
  }
  for (const reason of Object.values(entry.sources_ignored)) parts.push(element("p", "alarm", `Sources are ignored: ${reason}.`));
  for (const arm of entry.arms) if (arm.stopped) parts.push(element("p", "alarm", `Arm ${arm.name} was stopped: ${arm.stopped}.`));
  return parts;
}

function button(text, name, onClick) {
  const created = element("button", "button", text);
  created.type = "button";
  created.setAttribute("aria-label", `${text}: ${name}`);
  created.addEventListener("click", onClick);
  return created;
}

function item(entry) {
  const { name, experiment } = entry, [state, word] = stateOf(entry);
  const heading = element("h3", "", name, element("span", "chip", experiment.mode === "ab" ? "A/B test" : "interleaving"), element("span", "chip", word));
  const details = [`${percent(experiment.traffic)} of users`, `scenario ${experiment.scenario}`, experiment.layer && `layer ${experiment.layer}`, experiment.note].filter(Boolean).join(" · ");
  const choices = element("div", "choices",
    button("Change", name, () => fillForm(name, experiment)),
    ...(entry.is_running ? [button("End now", name, () => put(name, { ...experiment, starts_at: null, ends_at: new Date().toISOString() }, "has ended"))] : []),
    button("Delete", name, () => remove(name)));
  return element("li", `rule ${state}`, heading, element("p", "quiet", details), ...resultsOf(entry), element("p", "quiet changed", changeOf(entry) && `Changed ${changeOf(entry)}`), choices);
}

/** Show the experiments. The page changes only when they do: a button keeps its focus meanwhile. */
function showExperiments() {
  const text = JSON.stringify(entries);
  if (text === shown) return;
  shown = text;
  const focused = document.activeElement?.getAttribute("aria-label");
  $("experiments").replaceChildren(...entries.map(item));
  if (focused) [...$("experiments").querySelectorAll("button, .figures")].find(one => one.getAttribute("aria-label") === focused)?.focus();
  $("experiments-note").textContent = entries.length ? `${number(entries.length)} experiment${entries.length === 1 ? "" : "s"}, ${number(entries.filter(entry => entry.is_running).length)} running. You may look at any time, and end one as soon as a verdict is known.` : "There are no experiments yet.";
}

/** What a change did, as far as it says so itself. */
function wordOf({ experiment, changed_by: by, stopped }) {
  if (!experiment) return "deleted";
  return by === GUARDRAIL ? `arm ${Object.keys(stopped).join(", ")} stopped: ${Object.values(stopped).join("; ")}` : "put";
}

function changeItem(change) {
  const parts = [element("strong", "", change.name), ` ${wordOf(change)}`, element("span", "quiet", ` · ${changeOf(change)}`)];
  if (change.experiment) {
    const { name: _, ...definition } = change.experiment, label = `Definition of ${change.name} as of ${moment(change.changed_at)}`;
    const text = Object.assign(element("pre", "", JSON.stringify(definition, null, 2)), { tabIndex: 0, role: "region", ariaLabel: label });
    parts.push(element("details", "", element("summary", "", "Definition"), text));
  }
  return element("li", "", ...parts);
}

function showChanges(changes) {
  const text = JSON.stringify(changes);
  if (text === changesShown) return;
  changesShown = text;
  $("changes").replaceChildren(...changes.slice(0, SHOWN_CHANGES).map(changeItem));
  $("changes-note").textContent = changes.length > SHOWN_CHANGES ? `The latest ${SHOWN_CHANGES}; GET /experiment-history has ${number(changes.length)}.` : changes.length ? "The latest first." : "Nothing was changed yet.";
}

async function refresh() {
  const found = await send("/experiments");
  if (found) { entries = found; showExperiments(); } else $("experiments-note").textContent = "The experiments are not known.";
  const changes = found && await send("/experiment-history");
  if (changes) showChanges(changes);
  return found !== null;
}

async function put(name, definition, what = "is saved") {
  const { name: _, ...body } = definition;
  const entry = await send(`/experiments/${pathSegment(name)}`, { method: "PUT", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  if (!entry) return;
  showMessage(`${name} ${what}.`);
  await refresh();
}

async function remove(name) {
  if (!confirm(`Delete the experiment ${name} and its results?`)) return;
  if (await send(`/experiments/${pathSegment(name)}`, { method: "DELETE" })) {
    showMessage(`${name} is deleted.`);
    await refresh();
    $("experiments").focus();
  }
}

function fillForm(name, experiment) {
  const { name: _, ...body } = experiment;
  $("name").value = name;
  $("definition").value = JSON.stringify(body, null, 2);
  $("definition").focus();
}

function save(event) {
  event.preventDefault();
  let definition;
  try { definition = JSON.parse($("definition").value); } catch (error) { showMessage(`The definition is no JSON: ${error.message}`, true); return; }
  put($("name").value, definition);
}

$("definition").value = JSON.stringify(EXAMPLE, null, 2);
$("experiment-form").addEventListener("submit", save);
if (await refresh()) setInterval(() => { if (!document.hidden) refresh(); }, REFRESH_INTERVAL_MS);
