// API keys: after a request was refused, ask for a key, and send it with every request from then on.
// The key is stored in sessionStorage, so it is gone when the tab is closed.

import { tabStorage } from "./browser_storage.js";
import { element } from "./dom.js";

const STORAGE_KEY = "recomind-key", HEADER = "X-API-Key";
let openDialog = null, isDeclined = false;

/** The stored key; null if there is none. */
export const storedKey = () => tabStorage.get(STORAGE_KEY);

/** Like `fetch`, with the key, for a path of the API below the folder of the page: a proxy may serve it under a prefix. If the server refuses the request, ask for a key and retry, until the user declines. */
export async function fetchWithKey(path, options = {}) {
  for (;;) {
    const sentKey = storedKey(), headers = { ...options.headers, ...(sentKey ? { [HEADER]: sentKey } : {}) };
    const response = await fetch(`.${path}`, { ...options, headers });
    if (!isUnauthorized(response)) return response;
    showKeyButton();
    if (isDeclined || sentKey === storedKey() && !await askForKey(await errorDetail(response))) return response;
  }
}

/** Whether the server refused a request because the key is missing, unknown, or lacks a scope. */
export const isUnauthorized = response => response.status === 401 || response.status === 403;

/** Whether the viewer is being asked for a key: requests that are refused now wait for it. */
export const isAskingForKey = () => openDialog !== null;

async function errorDetail(response) {
  try { return (await response.clone().json()).detail; } catch { return response.statusText; }
}

/** Ask for a key. Requests that are refused at the same time share one dialog. Resolves to true if a key was given. */
function askForKey(refusal) {
  openDialog ??= showDialog(refusal).finally(() => { openDialog = null; });
  return openDialog;
}

function showDialog(refusal) {
  const field = element("input", "field"), error = element("p", "bad", storedKey() && refusal ? `Key refused: ${refusal}.` : "");
  Object.assign(field, { id: "key", type: "password", autocomplete: "off", required: true, pattern: "[!-~]+", title: "a key has no spaces", spellcheck: false });
  field.setAttribute("aria-describedby", "key-error");
  field.setAttribute("aria-invalid", String(Boolean(error.textContent)));
  Object.assign(error, { id: "key-error", role: "alert" });
  const label = element("label", "", "API key");
  label.htmlFor = "key";
  const title = element("h2", "", "This server needs an API key");
  title.id = "key-title";
  const note = element("p", "quiet", "The operator of this server creates keys with ", element("code", "", "recomind key"), ". Your key is kept until you close this tab.");
  const form = element("form", "", title, note, label, field, error, dialogButtons());
  return openForm(form, field);
}

const dialogButtons = () => element("div", "choices", dialogButton("later", "Not now"), dialogButton("remove", "Remove key", !storedKey()), dialogButton("use", "Use this key"));

function dialogButton(value, text, hidden = false) {
  const button = element("button", value === "use" ? "button main" : "button", text);
  Object.assign(button, { value, hidden, formNoValidate: value !== "use" });
  return button;
}

/** Show the dialog until a button is pressed. Escape means "Not now", and Enter means "Use this key". */
function openForm(form, field) {
  const dialog = element("dialog", "key-dialog", form);
  dialog.setAttribute("aria-labelledby", "key-title");
  form.method = "dialog";
  field.addEventListener("keydown", event => { if (event.key === "Enter") { event.preventDefault(); form.requestSubmit(form.querySelector("[value=use]")); } });
  document.body.append(dialog);
  dialog.showModal();
  field.focus();
  return new Promise(resolve => dialog.addEventListener("close", () => { dialog.remove(); resolve(applyChoice(dialog.returnValue, field.value.trim())); }));
}

function applyChoice(choice, typedKey) {
  if (choice === "use") tabStorage.set(STORAGE_KEY, typedKey);
  if (choice === "remove") tabStorage.remove(STORAGE_KEY);
  isDeclined = choice !== "use";
  return choice === "use";
}

/** Add a button to the top bar that changes or removes the key; the page is then reloaded. */
function showKeyButton() {
  if (document.getElementById("key-change")) return;
  const button = element("button", "button", "API key");
  Object.assign(button, { id: "key-change", type: "button" });
  button.addEventListener("click", async () => {
    const before = storedKey();
    await askForKey("");
    if (storedKey() !== before) location.reload();
  });
  const form = document.querySelector(".bar form");
  if (form) form.append(button); else document.querySelector(".bar nav").after(button);
}

if (storedKey()) showKeyButton();
