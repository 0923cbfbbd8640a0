// Keys: a server that wants one is shown it with every request. It is asked for only then, and kept for this tab only.

import { element } from "./cards.js";

const KEPT = "recomind-key", HEADER = "X-API-Key";
let asked = null, declined = false;

/** The key that is kept; null: none. */
export const key = () => sessionStorage.getItem(KEPT);

/** As `fetch`, with the key. Where the server refuses, a key is asked for and the request made again, until it is declined. */
export async function ask(path, options = {}) {
  for (;;) {
    const shown = key(), headers = { ...options.headers, ...(shown ? { [HEADER]: shown } : {}) };
    const answer = await fetch(path, { ...options, headers });
    if (!isShut(answer)) return answer;
    offer();
    if (declined || shown === key() && !await once(await reason(answer))) return answer;
  }
}

/** Whether an answer says that a key is missing, unknown, or not good for this. */
export const isShut = answer => answer.status === 401 || answer.status === 403;

async function reason(answer) {
  try { return (await answer.clone().json()).detail; } catch { return answer.statusText; }
}

/** Ask for a key; requests that are refused at the same time share one question. True: there is a new one. */
function once(why) {
  asked ??= question(why).finally(() => { asked = null; });
  return asked;
}

function question(why) {
  const field = element("input", "field"), told = element("p", "bad", key() && why ? `Not with this key: ${why}.` : "");
  Object.assign(field, { id: "key", type: "password", autocomplete: "off", required: true, pattern: "[!-~]+", title: "a key has no spaces", spellcheck: false });
  field.setAttribute("aria-describedby", "key-told");
  field.setAttribute("aria-invalid", String(Boolean(told.textContent)));
  Object.assign(told, { id: "key-told", role: "alert" });
  const label = element("label", "", "Key");
  label.htmlFor = "key";
  const title = element("h2", "", "This server asks for a key");
  title.id = "key-title";
  const note = element("p", "quiet", "Whoever runs it makes one with ", element("code", "", "recomind key"), ". It is kept until this tab is closed.");
  const form = element("form", "", title, note, label, field, told, choices());
  return opened(form, field);
}

const choices = () => element("div", "choices", button("later", "Not now"), button("forget", "Forget it", !key()), button("use", "Use this key"));

function button(value, text, hidden = false) {
  const made = element("button", value === "use" ? "button main" : "button", text);
  Object.assign(made, { value, hidden, formNoValidate: value !== "use" });
  return made;
}

/** Show the dialog until a choice is made; Escape is "Not now", and Enter uses the key. */
function opened(form, field) {
  const dialog = element("dialog", "ask", form);
  dialog.setAttribute("aria-labelledby", "key-title");
  form.method = "dialog";
  field.addEventListener("keydown", event => { if (event.key === "Enter") { event.preventDefault(); form.requestSubmit(form.querySelector("[value=use]")); } });
  document.body.append(dialog);
  dialog.showModal();
  field.focus();
  return new Promise(resolve => dialog.addEventListener("close", () => { dialog.remove(); resolve(choose(dialog.returnValue, field.value.trim())); }));
}

function choose(choice, typed) {
  if (choice === "use") sessionStorage.setItem(KEPT, typed);
  if (choice === "forget") sessionStorage.removeItem(KEPT);
  declined = choice !== "use";
  return choice === "use";
}

/** A button at the top to give another key, or to forget the one that is kept; the page then starts anew. */
function offer() {
  if (document.getElementById("key-change")) return;
  const change = element("button", "button", "Key");
  Object.assign(change, { id: "key-change", type: "button" });
  change.addEventListener("click", async () => {
    const before = key();
    await once("");
    if (key() !== before) location.reload();
  });
  const form = document.querySelector(".bar form");
  if (form) form.append(change); else document.querySelector(".bar nav").after(change);
}

if (key()) offer();
