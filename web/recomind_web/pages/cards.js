// Drawing: the video on the stage, and the list of those to come, which moves before one's eyes.

import { poster } from "./poster.js";

const KINDS = { "content-based": "tags", collaborative: "people", popularity: "trend", hybrid: "mix" };
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export function element(name, className = "", ...children) {
  const made = document.createElement(name);
  made.className = className;
  made.append(...children);
  return made;
}

function picture(className, video) {
  const made = element("div", className);
  made.setAttribute("aria-hidden", "true");
  made.innerHTML = poster(video);
  return made;
}

/** Put a video on the stage; null: there is none. */
export function showVideo(video, none) {
  document.getElementById("poster").innerHTML = video ? poster(video) : "";
  document.getElementById("title").textContent = video ? video.title : none;
  document.getElementById("tags").replaceChildren(...(video ? video.tags : []).map(tag => element("li", "chip", tag)));
  document.getElementById("why").replaceChildren(...(video ? video.reasons.slice(0, 3) : []).map(reason =>
    element("p", "", element("span", "kind", KINDS[reason.strategy] || reason.strategy), element("span", "", reason.text))));
}

function why(video) {
  const kinds = [...new Set(video.reasons.map(reason => KINDS[reason.strategy] || reason.strategy))];
  const said = element("p", "reason", video.reasons.length ? video.reasons[0].text : "");
  return element("div", "text", element("h3", "", video.title), said, element("p", "kinds", ...kinds.map(kind => element("span", "kind", kind))));
}

function badge(place, known, first) {
  if (first || known === place) return element("span", "move");
  if (known === undefined) return element("span", "move new", "new");
  return known > place ? element("span", "move up", `▲ ${known - place}`) : element("span", "move", `▼ ${place - known}`);
}

function item(video, place, before) {
  const known = before.get(video.video_id), first = !before.size;
  const made = element("li", `item ${!first && known === undefined ? "new" : ""}`, picture("thumb", video), why(video), badge(place, known, first));
  made.dataset.id = video.video_id;
  return made;
}

/** Draw the list; what was there before slides to its new place. Returns how many are new. */
export function showList(list, videos) {
  if (isSame(list, videos)) return 0;
  const old = [...list.children].map(child => [child.dataset.id, child.getBoundingClientRect()]);
  const before = new Map(old.map(([id], place) => [id, place])), places = new Map(old);
  list.replaceChildren(...videos.map((video, place) => item(video, place, before)));
  if (!calm.matches) for (const child of list.children) slide(child, places.get(child.dataset.id));
  return before.size ? videos.filter(video => !before.has(video.video_id)).length : 0;
}

/** Whether the list shows these videos in this order; then its badges stay. */
function isSame(list, videos) {
  return list.children.length === videos.length && videos.every((video, place) => list.children[place].dataset.id === video.video_id);
}

/** Take a video out of the list, as it goes on the stage. */
export function leave(list, video) {
  const gone = video && [...list.children].find(child => child.dataset.id === video.video_id);
  if (gone) gone.remove();
}

function slide(child, from) {
  const to = child.getBoundingClientRect();
  const frames = from ? [{ transform: `translate(${from.x - to.x}px, ${from.y - to.y}px)` }, { transform: "none" }] : [{ opacity: 0, transform: "translateX(1.5rem)" }, { opacity: 1, transform: "none" }];
  child.animate(frames, { duration: 420, easing: "cubic-bezier(.2, .8, .2, 1)" });
}
