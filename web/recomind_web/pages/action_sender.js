// Sends actions one after the other, so that the log has them in order. One that no worker takes is kept and sent again.

import { fetchWithKey } from "./api_key.js";

const FIRST_PAUSE_MS = 500, LONGEST_PAUSE_MS = 10000;
let previous = Promise.resolve();

/** Send an action after those before it. Resolves to the outcome; rejects if it was refused. `onWait`: it is sent again. */
export function sendInOrder(action, onWait) {
  const body = JSON.stringify({ ...action, event_id: randomUuid() }); // with an id, it counts once however often it is sent
  const sent = previous.then(() => sendUntilTaken(body, onWait));
  previous = sent.catch(() => {});
  return sent;
}

async function sendUntilTaken(body, onWait) {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    const response = await fetchWithKey("/video_action", { method: "POST", body }).catch(() => null); // null: no worker answers
    if (response?.ok) return response.json();
    if (response && response.status < 500 && response.status !== 429) throw new Error((await response.json()).detail || response.statusText);
    onWait();
    await new Promise(resolve => setTimeout(resolve, pause));
  }
}

/** `crypto.randomUUID` is missing where a page comes by plain HTTP from another machine. */
function randomUuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = bytes[6] & 0x0f | 0x40; bytes[8] = bytes[8] & 0x3f | 0x80;
  return [...bytes].map(byte => byte.toString(16).padStart(2, "0")).join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
