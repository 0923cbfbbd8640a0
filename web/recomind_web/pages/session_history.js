// What was watched and liked in this tab, the latest first. It is stored until the tab is closed.

import { tabStorage } from "./browser_storage.js";

const STORAGE_KEY = "recomind-history", MAX_ENTRIES = 100;

function load() {
  try { return JSON.parse(tabStorage.get(STORAGE_KEY)) ?? []; } catch { return []; }
}

function store(entries) { tabStorage.set(STORAGE_KEY, JSON.stringify(entries.slice(0, MAX_ENTRIES))); }

/** What a user did in this tab: `{ user, video, kind, isLiked, watchedMs }`, the latest first. */
export const historyOf = user => load().filter(entry => entry.user === user);

/** Note what the user did with a video; fields that are left out stay as they are. */
export function noteHistory(user, video, fields) {
  const entries = load(), old = entries.find(entry => entry.user === user && entry.video.video_id === video.video_id);
  const entry = { kind: "", isLiked: false, watchedMs: 0, ...old, user, video, ...fields };
  store([...(entry.kind || entry.isLiked ? [entry] : []), ...entries.filter(other => other !== old)]);
}

/** Give a session's history to the user whom it was merged into. */
export function renameHistory(session, user) {
  store(load().map(entry => (entry.user === session ? { ...entry, user } : entry)));
}

/** Forget videos that were taken down. Returns whether any of them was there. */
export function forgetHistory(isGone) {
  const entries = load(), left = entries.filter(entry => !isGone(entry.video));
  if (left.length < entries.length) store(left);
  return left.length < entries.length;
}

/** Whether the user likes a video, as far as this tab knows. */
export const isLiked = (user, videoId) => historyOf(user).some(entry => entry.video.video_id === videoId && entry.isLiked);
