// Following a list: pushed as server-sent events, and asked for again and again while that does not work.
// The events are read with fetch, as an EventSource can show no key.

import { ask, isShut } from "./access.js";

const POLL = 3000, AGAIN = 1000, REOPEN = 10000;
const WORDS = { on: "live", poll: "asking again and again", away: "out of reach", shut: "a key is needed" };

/**
 * Follow `path` (a GET) by its events at `/events` + path.
 * `told.list(value)` gets each new value, `told.state("on" | "poll" | "away" | "shut")` how it is being followed.
 * Returns a function that ends it.
 */
export function follow(path, told) {
  const ending = new AbortController(), { signal } = ending;
  let timer = null;

  function tell(state) { if (!signal.aborted) told.state(state); }
  async function poll() {
    const answer = await ask(path, { signal }).catch(lost), value = answer?.ok ? await answer.json().catch(lost) : null;
    if (value) take(value);
    tell(value ? "poll" : answer && isShut(answer) ? "shut" : "away");
  }
  function startPolling() {
    if (timer === null && !signal.aborted) { poll(); timer = setInterval(poll, POLL); }
  }
  function stopPolling() { clearInterval(timer); timer = null; }
  function take(value) { if (!signal.aborted) told.list(value); }

  /** Read one stream to its end; the time after which to open the next one, in ms. */
  async function read() {
    const answer = await ask(`/events${path}`, { signal, headers: { Accept: "text/event-stream" } }).catch(lost);
    if (!answer?.ok) return answer ? REOPEN : AGAIN;
    for await (const { name, data } of events(answer.body)) {
      if (name === "away") tell("away");
      if (name === "list") { stopPolling(); take(JSON.parse(data)); tell("on"); }
    }
    return AGAIN;
  }
  async function open() {
    const pause = await read();
    if (signal.aborted) return;
    startPolling();
    setTimeout(() => { if (!signal.aborted) open(); }, pause);
  }
  open();
  return () => { ending.abort(); stopPolling(); };
}

/** What comes of a request that did not get through, or was ended: no answer. */
const lost = () => null;

/** Say in words how a list is being followed. */
export function showState(state) {
  const live = document.getElementById("live");
  live.className = `live ${state}`;
  live.textContent = WORDS[state];
}

/** The events of a stream, as they come. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; ;) {
    const { value, done } = await reader.read().catch(() => ({ done: true })); // one that breaks off has ended
    if (done) return;
    const whole = (text + value).split("\n\n");
    text = whole.pop();
    yield* whole.map(event).filter(one => one.data);
  }
}

function event(block) {
  const field = name => block.split("\n").filter(line => line.startsWith(`${name}: `)).map(line => line.slice(name.length + 2)).join("\n");
  return { name: field("event"), data: field("data") };
}
