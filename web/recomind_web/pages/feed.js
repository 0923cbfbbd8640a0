// The feed: who watches, what is on the stage, what comes next; actions go out, and the list that counts them comes in.

import { ask } from "./access.js";
import { element, leave, showList, showVideo } from "./cards.js";
import { follow, showState } from "./live.js";
import * as ranges from "./ranges.js";
import { gestures } from "./touch.js";

const SHOWN = 12, SLIDE = 180;
const $ = id => document.getElementById(id);
const SAID = { like: "Liked", view: "Watched", skip: "Skipped" };

let user = "", now = null, queue = [], acted = new Set(), waiting = [], sending = Promise.resolve(), end = () => {}, arrived = false;
let newest = { counted: {}, fresh: 0, at: 0 };

function say(text, bad = false) {
  $("said").textContent = text;
  $("said").classList.toggle("bad", bad);
}

function start(name) {
  end();
  [user, now, queue, acted, waiting] = [name, null, [], new Set(), []];
  newest = { counted: {}, fresh: 0, at: 0 };
  history.replaceState(null, "", user ? `?user=${encodeURIComponent(user)}` : "/");
  $("who").value = user;
  $("go").hidden = Boolean(user); $("leave").hidden = !user;
  $("heading").textContent = user ? `Next for ${user}` : ranges.heading();
  $("ranges").hidden = Boolean(user); $("taste").hidden = true;
  $("list").replaceChildren();
  say(user ? "" : "Sign in as anybody to like and skip.");
  showVideo(null, "Loading…");
  end = follow(user ? `/feed/${encodeURIComponent(user)}?n=30` : ranges.path(), { list: take, state: showState });
}

/** A new list: it changes what comes next, never what is on the stage. */
function take(feed) {
  queue = feed.videos.filter(video => !acted.has(video.video_id) && (!now || video.video_id !== now.video_id));
  if (!now) { now = queue.shift() || null; showStage(); }
  const fresh = showList($("list"), queue.slice(0, SHOWN));
  if (user) showTaste(feed); else ranges.offer(feed.videos);
  newest = { counted: feed.counted, fresh, at: performance.now() };
  settle();
}

/** Say how long an action took to change the list; the list may come before the action's own answer. */
function settle() {
  const done = waiting.filter(one => (newest.counted[one.partition] ?? -1) >= one.offset);
  waiting = waiting.filter(one => !done.includes(one));
  if (!done.length) return;
  const last = done.at(-1), seconds = Math.max(0.01, (newest.at - last.at) / 1000).toFixed(2);
  say(`${SAID[last.kind]} “${last.title}”: ${newest.fresh} new in the list, ${seconds} s later.`);
}

function showStage() {
  showVideo(now, user ? "You have seen everything. Come back later." : "Nothing trends yet. Sign in and like something.");
  for (const id of ["like", "skip", "next"]) $(id).disabled = !now;
  if (arrived && now) { $("like").focus(); arrived = false; } // a button takes the focus only once it is enabled
}

function showTaste(feed) {
  $("taste").hidden = !feed.top_tags.length;
  const figures = `${feed.likes} liked, ${feed.views} watched, ${feed.skips} skipped`;
  $("taste").replaceChildren(element("span", "quiet", figures), element("div", "chips", ...feed.top_tags.map(tag => element("span", "chip", tag))));
}

function act(kind) {
  const video = now;
  if (!video) return;
  if (!user && kind === "like") { say("Sign in to like: any name will do."); $("who").focus(); return; }
  acted.add(video.video_id);
  if (user) send(kind, video);
  now = queue.shift() || null;
  leave($("list"), now);
  turn(kind);
}

function turn(kind) {
  const stage = $("video");
  $("like").classList.toggle("done", kind === "like");
  stage.classList.remove("in");
  stage.classList.add(kind === "skip" ? "out-left" : "out-up");
  setTimeout(() => {
    stage.classList.remove("out-up", "out-left");
    $("like").classList.remove("done");
    stage.classList.add("in");
    showStage();
  }, SLIDE);
}

/** One after the other, so that the log has them in their order. */
function send(kind, video) {
  const [who, at] = [user, performance.now()];
  sending = sending.then(async () => {
    try {
      const action = { user_id: who, video_id: video.video_id, action_type: kind, timestamp: new Date().toISOString() };
      const answer = await ask("/video_action", { method: "POST", body: JSON.stringify(action) });
      const told = await answer.json();
      if (!answer.ok) throw new Error(told.detail || answer.statusText);
      const [partition, offset] = told.token.split(":").map(Number);
      if (who === user) { waiting.push({ partition, offset, at, kind, title: video.title }); say(`${SAID[kind]} “${video.title}”.`); settle(); }
    } catch (error) { acted.delete(video.video_id); say(`That did not get through: ${error.message}`, true); }
  });
}

$("sign").addEventListener("submit", event => {
  event.preventDefault();
  const name = $("who").value.trim();
  if (name === user) return;
  arrived = true;
  start(name);
});
$("leave").addEventListener("click", () => { start(""); $("who").focus(); });
$("like").addEventListener("click", () => act("like"));
$("next").addEventListener("click", () => act("view"));
$("skip").addEventListener("click", () => act("skip"));
$("more").addEventListener("click", () => {
  const open = $("side").classList.toggle("open");
  $("more").setAttribute("aria-expanded", String(open));
  $("more").textContent = open ? "Close" : "Why?";
});
document.addEventListener("keydown", event => {
  if (event.target.closest("input, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
  const kind = { l: "like", n: "view", s: "skip", ArrowDown: "view" }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (kind) { event.preventDefault(); act(kind); }
});
gestures($("video"), act);
ranges.listen(() => start(""));
start(new URLSearchParams(location.search).get("user") || "");
