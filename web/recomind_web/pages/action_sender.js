// Sends actions one after the other, so that the log has them in order. One that no worker takes is kept and sent again.

import { fetchWithKey } from "./api_key.js";
import { randomUuid } from "./random_uuid.js";

const FIRST_PAUSE_MS = 500, LONGEST_PAUSE_MS = 10000;
let previous = Promise.resolve();

/**
 * Send an action after those before it. Resolves to the outcome; rejects if it was refused. `onWait`: it is sent again.
 * `isLast`: the page is being left; the browser sends the action all the same.
 */
export function sendInOrder(action, onWait, isLast = false) {
  const body = JSON.stringify({ ...action, event_id: randomUuid() }); // with an id, it counts once however often it is sent
  return afterActions(() => sendUntilTaken(body, onWait, isLast));
}

/** Call `task` once all actions so far have been sent; later actions wait for it. */
export function afterActions(task) {
  const done = previous.then(task);
  previous = done.catch(() => {});
  return done;
}

async function sendUntilTaken(body, onWait, keepalive) {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    const response = await fetchWithKey("/video_action", { method: "POST", body, keepalive }).catch(() => null); // null: no worker answers
    if (response?.ok) return response.json();
    if (response && response.status < 500 && response.status !== 429) throw new Error((await response.json()).detail || response.statusText);
    onWait();
    await new Promise(resolve => setTimeout(resolve, pause));
  }
}
