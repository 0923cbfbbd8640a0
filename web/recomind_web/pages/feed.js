// The feed page: whose videos are shown, which list they come from, and what the buttons and keys do.

import { closeDetails, openDetails, prepareDetails } from "./details.js";
import { element } from "./dom.js";
import { filterBy, filterOf } from "./feed_filter.js";
import { FeedQueue } from "./feed_queue.js";
import { listenForGestures } from "./gestures.js";
import { appendToList, removeFromList, showList } from "./list_view.js";
import { followUpdates, showState } from "./live_updates.js";
import { say, undoLast } from "./message_line.js";
import { hideOnboarding, listenForOnboarding, offerOnboarding } from "./onboarding.js";
import { showBlocked, showHistory } from "./other_lists.js";
import { pathSegment } from "./path_segment.js";
import { changePreference, copyPreferences, isSame } from "./preferences.js";
import { forgetHistory, renameHistory } from "./session_history.js";
import * as trending from "./trending_filters.js";
import { isAnonymous, mergeSession, sessionId } from "./viewer.js";
import { Watching } from "./watching.js";

const LISTED_STEP = 12, MIN_QUEUED = 6, MAX_EMPTY_PAGES = 3, LIKES_WITHOUT_FILTER = 3, NEAR_END_PX = 240;
const $ = id => document.getElementById(id);

/** `list`: "you" or "trending"; `shown`: that, "history" or "blocked". `filter`: see feed_filter.js. */
const feed = { viewer: "", list: "you", shown: "you", filter: null, isFirstFilter: false, seen: new Set(), queue: null, listed: LISTED_STEP, emptyText: "Loading…", onMoved };
const watching = new Watching(feed);
let stopUpdates = () => {}, focusWhenReady = false;

/** Show the feed of a user; that of this tab's anonymous session if the name is empty. */
function startViewer(name) {
  watching.endWatching();
  Object.assign(feed, { viewer: name || sessionId(), list: "you", shown: "you", filter: null, seen: new Set() });
  const user = isAnonymous(feed.viewer) ? "" : feed.viewer;
  history.replaceState(null, "", user ? `?user=${encodeURIComponent(user)}` : "./");
  $("user-name").value = user;
  $("sign-in").hidden = Boolean(user); $("sign-out").hidden = !user;
  hideOnboarding();
  loadList();
}

/** Choose another list, or filter it. */
function choose(list, filter = null) {
  watching.endWatching();
  Object.assign(feed, { list, shown: list, filter, isFirstFilter: false });
  loadList();
}

/** The list of all videos again, now that enough is known of the viewer. The current video stays. */
function dropFirstFilter() {
  Object.assign(feed, { filter: null, isFirstFilter: false });
  loadList(feed.queue.current);
}

/** Follow the chosen list. `current`: the video that stays the current one; else the list's first one is shown. */
function loadList(current = null) {
  stopUpdates();
  const user = isAnonymous(feed.viewer) ? "" : feed.viewer, isOwn = feed.list === "you";
  const query = feed.filter ? `?filter=${encodeURIComponent(feed.filter.text)}` : "", own = `/feed/${pathSegment(feed.viewer)}${query}`;
  Object.assign(feed, { queue: new FeedQueue(isOwn ? own : "", feed.seen), listed: LISTED_STEP, emptyText: "Loading…" });
  if (current) feed.queue.current = current; else { watching.reset(); watching.show(); }
  $("heading").textContent = !isOwn ? trending.heading() : feed.filter ? `For you: ${feed.filter.label}` : user ? `Next for ${user}` : "For you";
  $("filters").hidden = isOwn; $("profile").hidden = true;
  $("list").replaceChildren();
  showShownList();
  stopUpdates = followUpdates(isOwn ? `${own}${query ? "&" : "?"}n=30` : trending.feedPath(), { onValue: showFeed, onState: showState, onRemoved: takeDown });
}

/** Show a new list. It changes the next videos, never the current one. */
function showFeed(value) {
  const { queue } = feed, isOwn = feed.list === "you", fallback = isOwn && feed.filter?.fallback;
  if (fallback && !value.videos.length && !queue.current) { feed.filter = fallback; loadList(); return; }
  if (fallback) feed.filter = { ...feed.filter, fallback: null };
  queue.setList(value.videos, value.list_id);
  feed.emptyText = isOwn ? feed.filter ? "Nothing more here. Search for something else." : "You have seen everything. What is uploaded later comes here." : "Nothing more is trending here.";
  if (!queue.current) { queue.advance(); showCurrent(); }
  const newVideos = showList($("list"), queue.next.slice(0, feed.listed));
  if (isOwn) showOwn(value); else trending.offerTags(value.videos);
  offerKnownTags(value.videos);
  watching.noteList(value.counted, newVideos);
  fillQueue();
}

/** Videos were taken down: they are shown and played no more. */
function takeDown(ids) {
  const removed = new Set(ids), isGone = video => removed.has(video.video_id);
  closeDetails(isGone);
  if (forgetHistory(isGone) && feed.shown === "history") showHistory(feed.viewer, openDetails);
  watching.takeDown(isGone);
}

function showCurrent() {
  watching.show();
  if (focusWhenReady && feed.queue.current) { $("like").focus(); focusWhenReady = false; } // a disabled button cannot take the focus
}

/** Show what is known of the user, and offer tags to one who has done nothing. */
function showOwn(value) {
  $("profile").hidden = feed.shown !== "you" || !value.top_tags.length;
  const counts = `${value.likes} liked, ${value.views} watched, ${value.skips} skipped`;
  $("profile").replaceChildren(element("span", "quiet", counts), element("div", "chips", ...value.top_tags.map(tag => tagButton(tag))));
  if (feed.filter) hideOnboarding(); else offerOnboarding(feed.viewer, value);
  if (feed.isFirstFilter && value.likes >= LIKES_WITHOUT_FILTER) dropFirstFilter();
}

function tagButton(tag) {
  const button = element("button", "chip", tag);
  button.type = "button";
  button.addEventListener("click", () => choose("you", filterBy("tag", [tag])));
  return button;
}

function offerKnownTags(videos) {
  const known = new Set([...$("known-tags").children].map(option => option.value));
  for (const tag of videos.flatMap(video => video.tags)) if (!known.has(tag) && known.add(tag)) $("known-tags").append(Object.assign(document.createElement("option"), { value: tag }));
}

/** Another video is the current one. */
function onMoved() {
  removeFromList($("list"), feed.queue.current);
  if (feed.shown === "history") showHistory(feed.viewer, openDetails);
  showList($("list"), feed.queue.next.slice(0, feed.listed));
  fillQueue();
}

/** Load further pages while few videos are left. */
async function fillQueue() {
  const { queue } = feed;
  for (let tries = 0; tries < MAX_EMPTY_PAGES && queue === feed.queue && queue.next.length < MIN_QUEUED; tries++) {
    try { if (!await queue.loadPage()) continue; } catch { return; } // the live list goes on, and so do further tries
    if (queue === feed.queue) showPaged();
  }
}

function showPaged() {
  if (!feed.queue.current && feed.queue.advance()) showCurrent();
  const list = $("list"), shown = new Set([...list.children].map(item => item.dataset.id));
  appendToList(list, feed.queue.next.slice(0, feed.listed).filter(video => !shown.has(video.video_id)));
}

/** The list was scrolled near its end: show more of it, and load what is missing. */
async function growList() {
  const { queue } = feed;
  feed.listed = Math.max(feed.listed, $("list").children.length) + LISTED_STEP;
  if (queue.next.length < feed.listed) await queue.loadPage().catch(() => false);
  if (queue === feed.queue) showPaged();
}

/** Show the list that was chosen in the panel: next videos, history, or what is blocked. */
function showShownList() {
  for (const button of $("lists").children) button.setAttribute("aria-pressed", String(button.dataset.list === feed.shown && !(feed.filter && feed.shown === "you")));
  const isOther = feed.shown === "history" || feed.shown === "blocked";
  $("list").hidden = isOther; $("other-list").hidden = !isOther;
  if (isOther) { $("profile").hidden = true; $("filters").hidden = true; } else $("filters").hidden = feed.list === "you";
  if (feed.shown === "history") showHistory(feed.viewer, openDetails);
  if (feed.shown === "blocked") showBlocked(feed.viewer, () => feed.shown === "blocked", { onChange: say, onError: fail });
}

const fail = error => say(`Could not do this: ${error.message}`, { isError: true });

/** Block a creator or a tag; the list follows at once. */
async function block(field, value) {
  const { viewer } = feed, list = `blocked_${field}s`;
  const isBlocked = video => (field === "creator" ? video.creator_id === value : video.tags.some(tag => isSame(tag, value)));
  try {
    await changePreference(viewer, list, [value], true);
    if (viewer !== feed.viewer) return;
    feed.queue.remove(isBlocked);
    if (feed.queue.current && isBlocked(feed.queue.current)) watching.dismiss(); else onMoved();
    say(`Blocked: ${value}.`, { undo: () => unblock(viewer, list, value, isBlocked) });
    showShownList();
  } catch (error) { fail(error); }
}

async function unblock(viewer, list, value) {
  try {
    await changePreference(viewer, list, [value], false);
    say(`No longer blocked: ${value}.`);
    showShownList();
  } catch (error) { fail(error); }
}

/** Sign in, and join what the anonymous session did to the user. */
async function signIn(name) {
  const session = feed.viewer;
  focusWhenReady = true;
  watching.endWatching();
  let text = "";
  try {
    if (isAnonymous(session) && name) await copyPreferences(session, name);
    if (isAnonymous(session) && name && await mergeSession(name)) { renameHistory(session, name); text = `What you did before now belongs to ${name}.`; }
  } catch (error) { text = `What you did before could not be joined to ${name}: ${error.message}`; }
  startViewer(name);
  if (text) say(text);
}

function browse(field, value) {
  if (feed.list === "trending" && field === "tag") { trending.selectTag(value); choose("trending"); } else choose("you", filterBy(field, [value]));
}

$("sign-in-form").addEventListener("submit", event => {
  event.preventDefault();
  const name = $("user-name").value.trim();
  if (name !== feed.viewer && (name || !isAnonymous(feed.viewer))) signIn(name);
});
$("sign-out").addEventListener("click", () => { startViewer(""); say(""); $("user-name").focus(); });
$("lists").addEventListener("click", event => {
  const { list } = event.target.dataset;
  if (list === "you" || list === "trending") { if (feed.list !== list || feed.filter) choose(list); else { feed.shown = list; showShownList(); } }
  else if (list) { feed.shown = list; showShownList(); }
});
$("search-form").addEventListener("submit", event => {
  event.preventDefault();
  const filter = filterOf($("search").value);
  if (feed.list === "trending" && !(filter && filter.text === filter.label)) { trending.selectTag($("search").value.trim()); choose("trending"); } else choose("you", filter);
});
$("list").addEventListener("click", event => {
  const id = event.target.closest(".item")?.dataset.id, video = feed.queue.next.find(one => one.video_id === id);
  if (video) openDetails(video);
});
$("list").addEventListener("scroll", ({ target }) => {
  const isRow = target.scrollWidth > target.clientWidth + 1; // on a phone, while the panel is closed
  const left = isRow ? target.scrollWidth - target.scrollLeft - target.clientWidth : target.scrollHeight - target.scrollTop - target.clientHeight;
  if (left < NEAR_END_PX) growList();
});
$("like").addEventListener("click", () => watching.like());
$("dislike").addEventListener("click", () => watching.reject());
$("next").addEventListener("click", () => watching.leave());
$("more").addEventListener("click", () => { if (feed.queue.current) openDetails(feed.queue.current); });
$("expand").addEventListener("click", () => {
  const isOpen = $("side").classList.toggle("open");
  $("expand").setAttribute("aria-expanded", String(isOpen));
  $("expand").textContent = isOpen ? "Close" : "Browse";
});
const KEYS = { l: () => watching.like(), n: () => watching.leave(), ArrowDown: () => watching.leave(), x: () => watching.reject(), i: () => $("more").click(), u: undoLast, k: () => watching.player.toggle(), m: () => watching.player.toggleSound() };
document.addEventListener("keydown", event => {
  if (event.target.closest("input, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "ArrowDown" && event.target.closest(".list")) return; // it scrolls
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (act) { event.preventDefault(); act(); }
});
listenForGestures($("video"), { onSwipe: direction => watching.leave(direction), onDoubleTap: () => watching.like(false) });
prepareDetails({
  onOpen: () => watching.player.hold("details", true), onClose: () => watching.player.hold("details", false),
  onWatch: video => watching.watch(video), onReject: video => watching.reject(video), onBrowse: browse, onBlock: block,
});
listenForOnboarding({
  viewer: () => feed.viewer, onPersona: startViewer,
  onTags: tags => {
    if (!tags.length) return;
    changePreference(feed.viewer, "followed_tags", tags, true).catch(fail);
    choose("you", filterBy("tag", tags));
    feed.isFirstFilter = true;
  },
});
trending.listenForChanges(() => choose("trending"));
startViewer(new URLSearchParams(location.search).get("user") || "");
