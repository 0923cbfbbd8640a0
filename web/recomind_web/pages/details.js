// A card that was opened: why the video is here, what is like it, and what the viewer may do about it.

import { get } from "./api.js";
import { element } from "./dom.js";
import { reasonLines } from "./feed_view.js";
import { videoItem } from "./list_view.js";
import { pathSegment } from "./path_segment.js";
import { fillThumbnail } from "./thumbnails.js";

const MAX_SIMILAR = 6, WINDOWS = { "1h": "in the last hour", "24h": "in the last day", "7d": "in the last week" };
const dialog = document.getElementById("details"), body = document.getElementById("details-body");
let handlers = {}, opened = null;

/**
 * Say what the buttons do: `onOpen()` and `onClose()` of the dialog, `onWatch(video)`, `onReject(video)`,
 * `onBrowse(field, value)` and `onBlock(field, value)` with the field `creator` or `tag`.
 */
export function prepareDetails(given) {
  handlers = given;
  dialog.addEventListener("close", () => { opened = null; handlers.onClose(); });
  dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); }); // beside it
  document.getElementById("details-close").addEventListener("click", () => dialog.close());
}

/** Open the card of a video. */
export function openDetails(video) {
  opened = video;
  draw(video, { creator_id: video.creator_id ?? null }, []);
  if (!dialog.open) { dialog.showModal(); handlers.onOpen(); }
  dialog.scrollTop = 0;
  complete(video);
}

/** Close the card of a video that was taken down. */
export function closeDetails(isGone) { if (opened && isGone(opened)) dialog.close(); }

/** Load what lists do not say of a video, and videos like it. */
async function complete(video) {
  const path = `/videos/${pathSegment(video.video_id)}`, nothing = () => null;
  const [entry, similar] = await Promise.all([get(path).catch(error => (error.status === 404 ? { hidden: true } : null)), get(`${path}/similar?n=${MAX_SIMILAR}`).catch(nothing)]);
  if (opened === video) draw(video, entry ?? { creator_id: video.creator_id ?? null }, similar ?? []);
}

function draw(video, entry, similar) {
  const picture = element("div", "picture");
  picture.setAttribute("aria-hidden", "true");
  fillThumbnail(picture, { ...video, thumbnail_url: video.thumbnail_url || entry.thumbnail_url });
  document.getElementById("details-title").textContent = video.title;
  const focused = document.activeElement?.closest("#details-body [data-key]")?.dataset.key;
  body.replaceChildren(
    element("div", "top", picture, element("div", "facts", ...facts(video, entry), ...(isTakenDown(entry) ? [] : [choices(video)]))),
    element("h3", "", "Why it is here"), element("div", "why", ...reasonLines(video, 9)),
    ...aboutRows(video, entry), ...similarVideos(similar),
  );
  if (focused) [...body.querySelectorAll("[data-key]")].find(one => one.dataset.key === focused)?.focus();
}

const isTakenDown = ({ hidden, expires_at: end }) => Boolean(hidden || (end && new Date(end) <= new Date()));

function facts(video, entry) {
  const lines = [];
  if (entry.duration_ms) lines.push(`${Math.max(1, Math.round(entry.duration_ms / 1000))} seconds long`);
  if (entry.created_at) lines.push(`uploaded on ${new Date(entry.created_at).toLocaleDateString()}`);
  for (const [window, words] of Object.entries(WINDOWS)) {
    const likes = video.counts?.[window]?.likes;
    if (likes) { lines.push(`${likes.toLocaleString()} ${likes === 1 ? "like" : "likes"} ${words}`); break; }
  }
  if (isTakenDown(entry)) lines.push("It was taken down.");
  return lines.map(line => element("p", "quiet", line));
}

function button(text, act, className = "button", key = text) {
  const made = element("button", className, text);
  made.type = "button";
  made.dataset.key = key;
  made.addEventListener("click", act);
  return made;
}

function choices(video) {
  const close = act => () => { dialog.close(); act(video); };
  const row = element("div", "choices", button("Watch", close(handlers.onWatch), "button main"), button("Not interested", close(handlers.onReject)));
  if (video.url) {
    const link = element("a", "button", "Open its page");
    Object.assign(link, { href: video.url, target: "_blank", rel: "noopener noreferrer" });
    row.append(link);
  }
  return row;
}

/** For the creator and for each tag: more of it, or none of it. */
function aboutRows(video, entry) {
  const about = [...(entry.creator_id ? [["creator", entry.creator_id]] : []), ...video.tags.map(tag => ["tag", tag])];
  if (!about.length) return [];
  const rows = about.map(([field, value]) => element("li", "about",
    element("span", "", element("span", "quiet", field === "creator" ? "by " : ""), value),
    named(button("More", () => { dialog.close(); handlers.onBrowse(field, value); }, "button", `more ${field} ${value}`), `More of ${value}`),
    named(button("Block", () => { dialog.close(); handlers.onBlock(field, value); }, "button", `block ${field} ${value}`), `Block ${value}`)));
  return [element("h3", "", "More or none of it"), element("ul", "abouts", ...rows)];
}

function named(made, label) {
  made.setAttribute("aria-label", label);
  return made;
}

function similarVideos(similar) {
  if (!similar.length) return [];
  const items = similar.map(video => {
    const item = videoItem(video, video.tags.join(", "));
    item.querySelector(".open-card").addEventListener("click", () => openDetails({ ...video, reasons: [{ strategy: "collaborative", text: `Liked together with “${opened.title}”` }] }));
    return item;
  });
  return [element("h3", "", "Similar videos"), element("ul", "similar", ...items)];
}
