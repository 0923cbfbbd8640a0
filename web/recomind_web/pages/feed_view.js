// Draws the current video's texts, and reasons in the words of viewers.

import { element } from "./dom.js";

const STRATEGY_LABELS = { "content-based": "tags", collaborative: "viewers", popularity: "popular", hybrid: "for you" };
const SOURCE_LABELS = { factors: "for you", followed: "followed", fresh: "new" };
const NO_REASON = "Something different, picked for you";
const $ = id => document.getElementById(id);

/** What kind of reason it is, in a word or two. "control": a random list. */
export const strategyLabel = reason => SOURCE_LABELS[reason.source] || STRATEGY_LABELS[reason.strategy] || (reason.strategy === "control" ? "random" : "for you");

/** Why a video is here, in one sentence. */
export const mainReason = video => video.reasons?.[0]?.text || NO_REASON;

/** Paragraphs that say why a video is here, the strongest reason first; at most `limit`. */
export function reasonLines(video, limit) {
  const reasons = video.reasons?.length ? video.reasons : [{ strategy: "hybrid", text: NO_REASON }];
  return reasons.slice(0, limit).map(reason => element("p", "", element("span", "kind", strategyLabel(reason)), element("span", "", reason.text)));
}

/** Show the texts of the current video; if `video` is null, show `emptyText` instead. */
export function showVideo(video, emptyText, isLiked) {
  $("title").textContent = video ? video.title : emptyText;
  $("tags").replaceChildren(...(video ? video.tags : []).slice(0, 6).map(tag => element("li", "chip", tag)));
  $("why").replaceChildren(...(video ? reasonLines(video, 2) : []));
  for (const id of ["like", "dislike", "next", "more"]) $(id).disabled = !video;
  showLiked(Boolean(video) && isLiked);
}

/** Show whether the current video is liked. */
export function showLiked(isLiked) {
  $("like").setAttribute("aria-pressed", String(isLiked));
  $("like").querySelector("span").textContent = isLiked ? "Liked" : "Like";
}
