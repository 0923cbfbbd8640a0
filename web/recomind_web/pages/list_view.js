// Draws lists of videos: the animated list of next videos, and plain ones.

import { element } from "./dom.js";
import { mainReason, strategyLabel } from "./feed_view.js";
import { fillThumbnail } from "./thumbnails.js";

const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

/** An item for a video, which can be opened: `item.dataset.id` is its id. `note`: a line of text; `badge`: an element. */
export function videoItem(video, note, ...extras) {
  const thumb = element("div", "thumb"), open = element("button", "open-card");
  thumb.setAttribute("aria-hidden", "true");
  fillThumbnail(thumb, video);
  open.type = "button";
  open.setAttribute("aria-label", `Details of ${video.title}`);
  const item = element("li", "item", thumb, element("div", "text", element("h3", "", video.title), element("p", "reason", note)), ...extras, open);
  item.dataset.id = video.video_id;
  return item;
}

/** How far a video has moved since the list before; `oldPosition` is undefined for a new video. */
function moveBadge(position, oldPosition, isFirstList) {
  if (isFirstList || oldPosition === position) return element("span", "move");
  if (oldPosition === undefined) return element("span", "move new", "new");
  return oldPosition > position ? element("span", "move up", `▲ ${oldPosition - position}`) : element("span", "move", `▼ ${position - oldPosition}`);
}

function listItem(video, position, oldPositions) {
  const oldPosition = oldPositions.get(video.video_id), isFirstList = !oldPositions.size;
  const item = videoItem(video, mainReason(video), moveBadge(position, oldPosition, isFirstList));
  const kinds = [...new Set((video.reasons ?? []).map(strategyLabel))];
  item.querySelector(".text").append(element("p", "kinds", ...kinds.map(name => element("span", "kind", name))));
  item.classList.toggle("new", !isFirstList && oldPosition === undefined);
  return item;
}

/** Draw the list of next videos; those that stay slide to their new position. Returns the number of new videos. */
export function showList(list, videos) {
  if (isSameList(list, videos)) return 0;
  const oldItems = [...list.children].map(item => [item.dataset.id, item.getBoundingClientRect()]);
  const oldPositions = new Map(oldItems.map(([id], position) => [id, position])), oldBoxes = new Map(oldItems);
  const focused = document.activeElement?.closest(".item")?.dataset.id;
  list.replaceChildren(...videos.map((video, position) => listItem(video, position, oldPositions)));
  if (focused) [...list.children].find(item => item.dataset.id === focused)?.querySelector(".open-card").focus();
  if (!reducedMotion.matches) for (const item of list.children) slideFrom(item, oldBoxes.get(item.dataset.id));
  return oldPositions.size ? videos.filter(video => !oldPositions.has(video.video_id)).length : 0;
}

/** Add videos at the end of the list, without badges: they are further pages. */
export function appendToList(list, videos) {
  list.append(...videos.map((video, position) => listItem(video, position, new Map())));
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
