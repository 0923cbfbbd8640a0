// The rules page: each rule with what it did in the last hour, a form to put one, and a preview on a user.

import { fetchWithKey, isUnauthorized } from "./api_key.js";
import { element } from "./dom.js";
import { number } from "./metric_panels.js";
import { pathSegment } from "./path_segment.js";

const REFRESH_INTERVAL_MS = 3000, PREVIEW_LENGTH = 20;
const EXTRA_FIELDS = { boost: "factor", bury: "factor", pin: "place", cap: "at-most" };
const $ = id => document.getElementById(id);
let entries = [], shown = "";

function showMessage(text, isBad = false) {
  $("message").textContent = text;
  $("message").className = `message full ${isBad ? "bad" : ""}`;
}

/** Send a request. Shows what is wrong if it is refused, and returns null. */
async function send(path, options) {
  const response = await fetchWithKey(path, options).catch(() => null);
  if (response?.ok) return response.json();
  const problem = await response?.json().catch(() => null);
  showMessage(!response ? "This worker cannot be reached." : isUnauthorized(response) ? "This page needs an API key with the scope admin." : problem?.detail ?? response.statusText, true);
  return null;
}

function stateOf({ rule, active }) {
  if (rule.draft) return ["draft", "draft"];
  if (active) return ["active", "live"];
  return rule.ends_at && new Date(rule.ends_at) <= new Date() ? ["over", "ended"] : ["waiting", "scheduled"];
}

const moment = at => new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

function detailsOf(rule) {
  const extra = { boost: `odds × ${rule.factor}`, bury: `odds ÷ ${rule.factor}`, pin: `place ${rule.place}`, cap: `at most ${rule.at_most}` }[rule.action];
  const parts = [extra, rule.scenarios.length ? `in ${rule.scenarios.join(", ")}` : "everywhere", rule.starts_at && `from ${moment(rule.starts_at)}`, rule.ends_at && `until ${moment(rule.ends_at)}`, rule.note];
  return parts.filter(Boolean).join(" · ");
}

/** When a rule was changed last, and with which API key; empty where neither is known. */
const changeOf = entry => (entry.changed_at ? `Changed ${moment(entry.changed_at * 1000)}${entry.changed_by ? ` by ${entry.changed_by}` : ""}` : "");

function button(text, ruleId, onClick) {
  const created = element("button", "button", text);
  created.type = "button";
  created.setAttribute("aria-label", `${text}: ${ruleId}`);
  created.addEventListener("click", onClick);
  return created;
}

function ruleItem(entry) {
  const { rule_id: ruleId, rule } = entry, [state, word] = stateOf(entry);
  const heading = element("h3", "", ruleId, element("span", "chip", rule.action), element("span", "chip", word));
  const did = element("p", "did", rule.draft ? "Does not act." : `Last hour: ${number(entry.videos)} video${entry.videos === 1 ? "" : "s"} in ${number(entry.lists)} list${entry.lists === 1 ? "" : "s"}`);
  const choices = element("div", "choices",
    button("Preview", ruleId, () => { $("preview-rule").value = ruleId; $("preview-user").focus(); }),
    button("Change", ruleId, () => fillForm(ruleId, rule)),
    button(rule.draft ? "Go live" : "Make a draft", ruleId, () => put(ruleId, { ...rule, draft: !rule.draft })),
    button("Delete", ruleId, () => remove(ruleId)));
  return element("li", `rule ${state}`, heading, element("p", "", element("code", "", rule.where)), element("p", "quiet", detailsOf(rule)), did, element("p", "quiet changed", changeOf(entry)), choices);
}

/** Show the rules. The page changes only when they do: a button keeps its focus meanwhile. */
function showRules() {
  const text = JSON.stringify(entries.map(entry => [entry, stateOf(entry)[0]]));
  if (text === shown) return;
  shown = text;
  const focused = document.activeElement?.getAttribute("aria-label"), chosen = $("preview-rule").value;
  $("rules").replaceChildren(...entries.map(ruleItem));
  if (focused) [...$("rules").querySelectorAll("button")].find(one => one.getAttribute("aria-label") === focused)?.focus();
  $("rules-note").textContent = entries.length ? `${number(entries.length)} rule${entries.length === 1 ? "" : "s"}, ${number(entries.filter(entry => entry.active).length)} live. Counted are lists that were ranked in the last hour, and the videos that a rule left out, moved or pinned in them.` : "There are no rules yet: lists hold what is liked most.";
  $("preview-rule").replaceChildren(...entries.map(({ rule_id: ruleId }) => new Option(ruleId, ruleId)));
  if (entries.some(entry => entry.rule_id === chosen)) $("preview-rule").value = chosen;
}

async function refresh() {
  const found = await send("/rules");
  if (found) { entries = found; showRules(); } else $("rules-note").textContent = "The rules are not known.";
  return found !== null;
}

async function put(ruleId, rule) {
  const { rule_id: _, ...body } = rule;
  const entry = await send(`/rules/${pathSegment(ruleId)}`, { method: "PUT", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  if (!entry) return;
  showMessage(rule.draft ? `${ruleId} is saved as a draft.` : entry.active ? `${ruleId} is live.` : `${ruleId} is saved, and does not act now.`);
  await refresh();
  $("preview-rule").value = ruleId;
}

async function remove(ruleId) {
  if (!confirm(`Delete the rule ${ruleId}?`)) return;
  if (await send(`/rules/${pathSegment(ruleId)}`, { method: "DELETE" })) {
    showMessage(`${ruleId} is deleted.`);
    await refresh();
    $("rules").focus();
  }
}

/** Show the fields that belong to the chosen action. */
function showFields() {
  for (const id of new Set(Object.values(EXTRA_FIELDS))) {
    const isHidden = EXTRA_FIELDS[$("action").value] !== id;
    $(id).hidden = isHidden;
    document.querySelector(`label[for=${id}]`).hidden = isHidden;
    $(id).disabled = isHidden;
  }
}

/** A time as a field of the form has it: local, without a zone. */
const localTime = text => {
  if (!text) return "";
  const at = new Date(text);
  return new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
};

function fillForm(ruleId, rule) {
  const values = { "rule-id": ruleId, action: rule.action, where: rule.where, factor: rule.factor, place: rule.place, "at-most": rule.at_most, scenarios: rule.scenarios.join(" "), "starts-at": localTime(rule.starts_at), "ends-at": localTime(rule.ends_at), note: rule.note };
  Object.entries(values).forEach(([id, value]) => { $(id).value = value; });
  showFields();
  $("where").focus();
}

const timeOf = id => ($(id).value ? new Date($(id).value).toISOString() : null);

function saveForm(event) {
  event.preventDefault();
  const action = $("action").value, extra = EXTRA_FIELDS[action];
  put($("rule-id").value, {
    action, where: $("where").value, scenarios: $("scenarios").value.split(/[\s,]+/).filter(Boolean), note: $("note").value,
    starts_at: timeOf("starts-at"), ends_at: timeOf("ends-at"), draft: event.submitter?.value === "draft",
    ...(extra ? { [extra.replace("-", "_")]: Number($(extra).value) } : {}),
  });
}

const previewItem = video => element("li", video.matches ? "about" : "", element("span", "", video.title || video.video_id));

async function showPreview(event) {
  event.preventDefault();
  const ruleId = $("preview-rule").value, user = $("preview-user").value.trim();
  const preview = await send(`/rules/${pathSegment(ruleId)}/preview/${pathSegment(user)}?n=${PREVIEW_LENGTH}`);
  if (!preview) return;
  showMessage("");
  $("preview-note").textContent = `The first ${PREVIEW_LENGTH} videos for ${user}, in the scenario ${preview.scenario}. Videos that ${ruleId} is about are marked.`;
  for (const side of ["before", "after"]) $(side).replaceChildren(...(preview[side].length ? preview[side].map(previewItem) : [element("li", "", "no video")]));
  $("compared").hidden = false;
}

$("action").addEventListener("change", showFields);
$("rule-form").addEventListener("submit", saveForm);
$("preview-form").addEventListener("submit", showPreview);
showFields();
if (await refresh()) setInterval(() => { if (!document.hidden) refresh(); }, REFRESH_INTERVAL_MS);
