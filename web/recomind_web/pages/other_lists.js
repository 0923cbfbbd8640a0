// The lists that take the place of the next videos: what was watched and liked in this tab, and what is blocked.

import { element } from "./dom.js";
import { videoItem } from "./list_view.js";
import { changePreference, preferencesOf } from "./preferences.js";
import { historyOf } from "./session_history.js";

const list = document.getElementById("other-list");

function show(label, items, emptyText) {
  list.setAttribute("aria-label", label);
  list.replaceChildren(...(items.length ? items : [element("li", "quiet", emptyText)]));
}

function historyNote({ isLiked, kind, watchedMs }) {
  const watched = kind === "view" ? `watched for ${Math.max(1, Math.round(watchedMs / 1000))} s` : kind === "skip" ? "skipped" : kind === "not_interested" ? "not for you" : "";
  return [isLiked ? "liked" : "", watched].filter(Boolean).join(", ");
}

/** Show what a user has watched and liked in this tab; `onOpen(video)`. */
export function showHistory(user, onOpen) {
  const entries = historyOf(user).filter(entry => entry.isLiked || entry.kind === "view");
  show("Watched and liked in this tab", entries.map(entry => {
    const item = videoItem(entry.video, historyNote(entry));
    item.querySelector(".open-card").addEventListener("click", () => onOpen(entry.video));
    return item;
  }), "What you watch and like in this tab will be here.");
}

/** Show what a user blocks, with buttons to unblock it; `onChange(text)` says what was done, `onError(error)` what failed. */
export async function showBlocked(user, isShown, handlers) {
  const stored = await preferencesOf(user).catch(error => { handlers.onError(error); return null; });
  if (!stored || !isShown()) return;
  const blocked = [...stored.blocked_creators.map(id => ["blocked_creators", id]), ...stored.blocked_tags.map(tag => ["blocked_tags", tag])];
  show("Blocked creators and tags", blocked.map(([field, value]) => blockedItem(user, field, value, isShown, handlers)), "You block no creator and no tag. Open a video's details to block one.");
}

function blockedItem(user, field, value, isShown, handlers) {
  const button = element("button", "button", "Unblock");
  button.type = "button";
  button.setAttribute("aria-label", `Unblock ${value}`);
  button.addEventListener("click", async () => {
    try {
      await changePreference(user, field, [value], false);
      handlers.onChange(`No longer blocked: ${value}.`);
      await showBlocked(user, isShown, handlers);
    } catch (error) { handlers.onError(error); }
  });
  return element("li", "blocked", element("span", "", field === "blocked_tags" ? "tag " : "creator ", element("b", "", value)), button);
}
