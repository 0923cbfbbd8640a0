// Draws the feed: the current video, and the animated list of next videos.

import { element } from "./dom.js";
import { poster } from "./poster.js";

const STRATEGY_LABELS = { "content-based": "tags", collaborative: "viewers", popularity: "popular", hybrid: "combined" };
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
const strategyLabel = reason => STRATEGY_LABELS[reason.strategy] || reason.strategy; // "control": a random list

function thumbnail(className, video) {
  const frame = element("div", className);
  frame.setAttribute("aria-hidden", "true");
  frame.innerHTML = poster(video);
  return frame;
}

/** Show the current video; if `video` is null, show `emptyText` instead. */
export function showVideo(video, emptyText) {
  document.getElementById("poster").innerHTML = video ? poster(video) : "";
  document.getElementById("title").textContent = video ? video.title : emptyText;
  document.getElementById("tags").replaceChildren(...(video ? video.tags : []).map(tag => element("li", "chip", tag)));
  document.getElementById("why").replaceChildren(...(video ? video.reasons.slice(0, 3) : []).map(reason =>
    element("p", "", element("span", "kind", strategyLabel(reason)), element("span", "", reason.text))));
}

function itemText(video) {
  const strategies = [...new Set(video.reasons.map(strategyLabel))];
  const mainReason = element("p", "reason", video.reasons.length ? video.reasons[0].text : "");
  return element("div", "text", element("h3", "", video.title), mainReason, element("p", "kinds", ...strategies.map(name => element("span", "kind", name))));
}

/** How far a video has moved since the list before; `oldPosition` is undefined for a new video. */
function moveBadge(position, oldPosition, isFirstList) {
  if (isFirstList || oldPosition === position) return element("span", "move");
  if (oldPosition === undefined) return element("span", "move new", "new");
  return oldPosition > position ? element("span", "move up", `▲ ${oldPosition - position}`) : element("span", "move", `▼ ${position - oldPosition}`);
}

function listItem(video, position, oldPositions) {
  const oldPosition = oldPositions.get(video.video_id), isFirstList = !oldPositions.size;
  const item = element("li", `item ${!isFirstList && oldPosition === undefined ? "new" : ""}`, thumbnail("thumb", video), itemText(video), moveBadge(position, oldPosition, isFirstList));
  item.dataset.id = video.video_id;
  return item;
}

/** Draw the list of next videos; those that stay slide to their new position. Returns the number of new videos. */
export function showList(list, videos) {
  if (isSameList(list, videos)) return 0;
  const oldItems = [...list.children].map(item => [item.dataset.id, item.getBoundingClientRect()]);
  const oldPositions = new Map(oldItems.map(([id], position) => [id, position])), oldBoxes = new Map(oldItems);
  list.replaceChildren(...videos.map((video, position) => listItem(video, position, oldPositions)));
  if (!reducedMotion.matches) for (const item of list.children) slideFrom(item, oldBoxes.get(item.dataset.id));
  return oldPositions.size ? videos.filter(video => !oldPositions.has(video.video_id)).length : 0;
}

/** Whether the list shows these videos in this order; then its badges stay. */
function isSameList(list, videos) {
  return list.children.length === videos.length && videos.every((video, position) => list.children[position].dataset.id === video.video_id);
}

/** Remove a video from the list, as it becomes the current video. */
export function removeFromList(list, video) {
  const item = video && [...list.children].find(child => child.dataset.id === video.video_id);
  if (item) item.remove();
}

function slideFrom(item, oldBox) {
  const box = item.getBoundingClientRect();
  const frames = oldBox ? [{ transform: `translate(${oldBox.x - box.x}px, ${oldBox.y - box.y}px)` }, { transform: "none" }] : [{ opacity: 0, transform: "translateX(1.5rem)" }, { opacity: 1, transform: "none" }];
  item.animate(frames, { duration: 420, easing: "cubic-bezier(.2, .8, .2, 1)" });
}
