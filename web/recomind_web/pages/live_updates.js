// Keeps a value up to date: by server-sent events, and by polling while the event stream does not work.
// The stream is read with fetch, because an EventSource cannot send the header with the API key.

import { fetchWithKey, isAskingForKey, isUnauthorized } from "./api_key.js";

const POLL_INTERVAL_MS = 3000, RECONNECT_DELAY_MS = 1000, REFUSED_DELAY_MS = 10000;
const FIRST_LIST_MS = 3000; // a proxy may hold the stream back
const LONGEST_SILENCE_MS = 25000; // workers send something every 10 s: else the connection is lost
const STATE_LABELS = { streaming: "live", polling: "refreshed every 3 s", offline: "no connection", unauthorized: "API key needed" };

/**
 * Follow the value at `path` (a GET), whose event stream is at `/events` + path.
 * `onValue(value)` gets each new value; `onState(state)` gets a key of STATE_LABELS; `onRemoved(ids)`, if it
 * is given, gets the ids of videos that were taken down, some more than once.
 * Returns a function that stops it.
 */
export function followUpdates(path, { onValue, onState, onRemoved = null }) {
  const abort = new AbortController(), { signal } = abort;
  let pollTimer = null, askedAt = null;

  function setState(state) { if (!signal.aborted) onState(state); }
  function setValue(value) { if (!signal.aborted) onValue(value); }
  function setRemoved(ids) { if (ids.length && !signal.aborted) onRemoved?.(ids); }
  async function poll() {
    const response = await fetchWithKey(path, { signal }).catch(noResponse), value = await valueOf(response);
    if (pollTimer === null) return; // the stream works again, and its list is newer
    if (value) setValue(value);
    setState(value ? "polling" : response && isUnauthorized(response) ? "unauthorized" : "offline");
  }
  async function pollTakedowns() {
    const value = await valueOf(await fetchWithKey(`/takedowns${askedAt === null ? "" : `?since=${askedAt}`}`, { signal }).catch(noResponse));
    if (value) { askedAt = value.at; setRemoved(value.video_ids); }
  }
  function pollAll() {
    if (isAskingForKey()) return;
    poll();
    if (onRemoved) pollTakedowns();
  }
  function startPolling() {
    if (pollTimer === null && !signal.aborted) { pollTimer = setInterval(pollAll, POLL_INTERVAL_MS); pollAll(); }
  }
  function stopPolling() { clearInterval(pollTimer); pollTimer = null; }

  /** Read one stream to its end; `onHeard()` is called whenever anything arrives. Returns the delay before the next one is opened, in milliseconds. */
  async function readStream(streamSignal, onHeard) {
    const response = await fetchWithKey(`/events${path}`, { signal: streamSignal, headers: { Accept: "text/event-stream" } }).catch(noResponse);
    if (!response?.ok) return response ? REFUSED_DELAY_MS : RECONNECT_DELAY_MS;
    for await (const { name, data } of parseEvents(response.body, onHeard)) {
      if (name === "away") setState("offline");
      if (name === "removed") setRemoved(JSON.parse(data));
      if (name === "list") { stopPolling(); setValue(JSON.parse(data)); setState("streaming"); }
    }
    return RECONNECT_DELAY_MS;
  }
  /** Read streams, one after the other; poll while there is none, or while it is silent. */
  async function openStream() {
    const stream = new AbortController(), end = () => stream.abort(), firstList = setTimeout(startPolling, FIRST_LIST_MS);
    let silence = setTimeout(end, LONGEST_SILENCE_MS);
    signal.addEventListener("abort", end);
    const delay = await readStream(stream.signal, () => {
      clearTimeout(firstList); clearTimeout(silence);
      silence = setTimeout(end, LONGEST_SILENCE_MS);
    });
    clearTimeout(firstList); clearTimeout(silence);
    signal.removeEventListener("abort", end);
    if (signal.aborted) return;
    startPolling();
    setTimeout(() => { if (!signal.aborted) openStream(); }, delay);
  }
  openStream();
  return () => { abort.abort(); stopPolling(); };
}

/** Stands for the response of a request that failed or was aborted. */
const noResponse = () => null;

/** The value in a response; null if there is none. */
const valueOf = async response => (response?.ok ? response.json().catch(noResponse) : null);

/** Show in words how the value is kept up to date. */
export function showState(state) {
  const live = document.getElementById("live");
  live.className = `live ${state}`;
  live.textContent = STATE_LABELS[state];
}

/** Parse the events of a stream as they arrive. `onHeard()` is called whenever anything arrives. */
async function* parseEvents(body, onHeard) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; ;) {
    const { value, done } = await reader.read().catch(() => ({ done: true })); // a stream that fails has ended
    if (done) return;
    onHeard();
    const blocks = (text + value).split("\n\n");
    text = blocks.pop();
    yield* blocks.map(parseEvent).filter(event => event.data);
  }
}

function parseEvent(block) {
  const field = name => block.split("\n").filter(line => line.startsWith(`${name}: `)).map(line => line.slice(name.length + 2)).join("\n");
  return { name: field("event"), data: field("data") };
}
