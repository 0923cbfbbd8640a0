// The feed page: sends the user's actions, and shows the current video and the list of next videos.

import { sendInOrder } from "./action_sender.js";
import { element } from "./dom.js";
import { removeFromList, showList, showVideo } from "./feed_view.js";
import { listenForGestures } from "./gestures.js";
import { followUpdates, showState } from "./live_updates.js";
import { pathSegment } from "./path_segment.js";
import * as filters from "./trending_filters.js";

const MAX_LISTED = 12, TRANSITION_MS = 180;
const $ = id => document.getElementById(id);
const PAST_TENSE = { like: "Liked", view: "Watched", skip: "Skipped" };

/** `user` is empty while the visitor is not signed in. `pendingActions` are those that the list does not reflect yet. */
let user = "", current = null, queue = [], actedOn = new Set(), pendingActions = [];
let stopUpdates = () => {}, focusWhenReady = false;
let latest = { counted: {}, newVideos: 0, at: 0 };

function showStatus(text, isError = false) {
  $("status").textContent = text;
  $("status").classList.toggle("bad", isError);
}

/** Show the feed of a user; the trending feed if the name is empty. */
function startFeed(name) {
  stopUpdates();
  [user, current, queue, actedOn, pendingActions] = [name, null, [], new Set(), []];
  latest = { counted: {}, newVideos: 0, at: 0 };
  history.replaceState(null, "", user ? `?user=${encodeURIComponent(user)}` : "./");
  $("user-name").value = user;
  $("sign-in").hidden = Boolean(user); $("sign-out").hidden = !user;
  $("heading").textContent = user ? `Next for ${user}` : filters.heading();
  $("filters").hidden = Boolean(user); $("profile").hidden = true;
  $("list").replaceChildren();
  showStatus(user ? "" : "Sign in with any name to like and skip.");
  showVideo(null, "Loading…");
  const path = user ? `/feed/${pathSegment(user)}?n=30` : filters.feedPath();
  stopUpdates = followUpdates(path, { onValue: showFeed, onState: showState });
}

/** Show a new list. It changes the next videos, never the current one. */
function showFeed(feed) {
  for (const video of feed.videos) video.list_id = feed.list_id;
  queue = feed.videos.filter(video => !actedOn.has(video.video_id) && (!current || video.video_id !== current.video_id));
  if (!current) { current = queue.shift() || null; showCurrent(); }
  const newVideos = showList($("list"), queue.slice(0, MAX_LISTED));
  if (user) showProfile(feed); else filters.offerTags(feed.videos);
  latest = { counted: feed.counted, newVideos, at: performance.now() };
  reportCounted();
}

/** Report how long an action took to change the list. The list may arrive before the response to the action. */
function reportCounted() {
  const done = pendingActions.filter(action => (latest.counted[action.partition] ?? -1) >= action.offset);
  pendingActions = pendingActions.filter(action => !done.includes(action));
  if (!done.length) return;
  const last = done.at(-1), seconds = Math.max(0.01, (latest.at - last.at) / 1000).toFixed(2);
  showStatus(`${PAST_TENSE[last.kind]} “${last.title}”: ${latest.newVideos} new in your list, ${seconds} s later.`);
}

function showCurrent() {
  showVideo(current, user ? "You have seen everything. Come back later." : "No videos are trending yet. Sign in and like some.");
  for (const id of ["like", "skip", "next"]) $(id).disabled = !current;
  if (focusWhenReady && current) { $("like").focus(); focusWhenReady = false; } // a disabled button cannot take the focus
}

function showProfile(feed) {
  $("profile").hidden = !feed.top_tags.length;
  const counts = `${feed.likes} liked, ${feed.views} watched, ${feed.skips} skipped`;
  $("profile").replaceChildren(element("span", "quiet", counts), element("div", "chips", ...feed.top_tags.map(tag => element("span", "chip", tag))));
}

/** Like, view or skip the current video, and go on to the next one. */
function act(kind) {
  const video = current;
  if (!video) return;
  if (!user && kind === "like") { showStatus("Sign in to like. Any name will do."); $("user-name").focus(); return; }
  actedOn.add(video.video_id);
  if (user) sendAction(kind, video);
  current = queue.shift() || null;
  removeFromList($("list"), current);
  animateToNext(kind);
}

function animateToNext(kind) {
  const frame = $("video");
  $("like").classList.toggle("done", kind === "like");
  frame.classList.remove("in");
  frame.classList.add(kind === "skip" ? "out-left" : "out-up");
  setTimeout(() => {
    frame.classList.remove("out-up", "out-left");
    $("like").classList.remove("done");
    frame.classList.add("in");
    showCurrent();
  }, TRANSITION_MS);
}

/** Send an action; it is kept and sent again while no worker takes it. */
async function sendAction(kind, video) {
  const [sender, at] = [user, performance.now()];
  try {
    const action = { user_id: sender, video_id: video.video_id, action_type: kind, timestamp: new Date().toISOString() };
    if (video.list_id) action.list_id = video.list_id; // a list of an earlier version has none
    const outcome = await sendInOrder(action, () => showStatus("No worker takes this now. It is kept, and sent again.", true));
    const [partition, offset] = outcome.token.split(":").map(Number);
    if (sender === user) { pendingActions.push({ partition, offset, at, kind, title: video.title }); showStatus(`${PAST_TENSE[kind]} “${video.title}”.`); reportCounted(); }
  } catch (error) { actedOn.delete(video.video_id); showStatus(`Could not send this: ${error.message}`, true); }
}

$("sign-in-form").addEventListener("submit", event => {
  event.preventDefault();
  const name = $("user-name").value.trim();
  if (name === user) return;
  focusWhenReady = true;
  startFeed(name);
});
$("sign-out").addEventListener("click", () => { startFeed(""); $("user-name").focus(); });
$("like").addEventListener("click", () => act("like"));
$("next").addEventListener("click", () => act("view"));
$("skip").addEventListener("click", () => act("skip"));
$("expand").addEventListener("click", () => {
  const isOpen = $("side").classList.toggle("open");
  $("expand").setAttribute("aria-expanded", String(isOpen));
  $("expand").textContent = isOpen ? "Close" : "Why?";
});
document.addEventListener("keydown", event => {
  if (event.target.closest("input, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
  const kind = { l: "like", n: "view", s: "skip", ArrowDown: "view" }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (kind) { event.preventDefault(); act(kind); }
});
listenForGestures($("video"), act);
filters.listenForChanges(() => startFeed(""));
startFeed(new URLSearchParams(location.search).get("user") || "");
