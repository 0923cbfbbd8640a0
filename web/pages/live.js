// Following a list: pushed as server-sent events, and asked for again and again while that does not work.

const POLL = 3000, REOPEN = 10000;

/**
 * Follow `path` (a GET) by its events at `/events` + path.
 * `told.list(value)` gets each new value, `told.state("on" | "poll" | "away")` how it is being followed.
 * Returns a function that ends it.
 */
export function follow(path, told) {
  let source = null, timer = null, reopen = null, ended = false;

  async function poll() {
    try {
      const answer = await fetch(path);
      if (!ended && answer.ok) told.list(await answer.json());
      if (!ended) told.state(answer.ok ? "poll" : "away");
    } catch { if (!ended) told.state("away"); }
  }
  function startPolling() {
    if (timer === null) { poll(); timer = setInterval(poll, POLL); }
  }
  function stopPolling() { clearInterval(timer); timer = null; }
  function open() {
    source = new EventSource(`/events${path}`);
    source.addEventListener("list", event => { stopPolling(); told.list(JSON.parse(event.data)); told.state("on"); });
    source.addEventListener("away", () => told.state("away"));
    source.addEventListener("error", () => {
      if (ended) return;
      startPolling();
      if (source.readyState === EventSource.CLOSED) { clearTimeout(reopen); reopen = setTimeout(open, REOPEN); }
    });
  }
  open();
  return () => { ended = true; source.close(); stopPolling(); clearTimeout(reopen); };
}
