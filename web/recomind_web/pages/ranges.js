// Which trending is shown to those who are not signed in: of what time, and of which tag.

import { element } from "./cards.js";

const TAGS = 8;
const windows = document.getElementById("windows"), topics = document.getElementById("topics");
let chosen = { window: "", tag: "" }, tags = [];

/** The path of the feed that is chosen. */
export function path() {
  const asked = new URLSearchParams({ n: 30 });
  if (chosen.window || chosen.tag) asked.set("window", chosen.window || "1h");
  if (chosen.tag) asked.set("tag", chosen.tag);
  return `/feed?${asked}`;
}

/** What is chosen, in words. */
export const heading = () => (chosen.tag ? `Trending: ${chosen.tag}` : "Trending");

/** Offer the tags that these videos carry most; what is chosen stays on offer. */
export function offer(videos) {
  const counts = new Map();
  for (const tag of videos.flatMap(video => video.tags)) counts.set(tag, (counts.get(tag) || 0) + 1);
  if (!chosen.tag && !tags.length) tags = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a) || (a < b ? -1 : 1)).slice(0, TAGS);
  if (topics.children.length !== tags.length) topics.replaceChildren(...tags.map(tag => {
    const chip = element("button", "chip", tag);
    chip.dataset.tag = tag;
    return chip;
  }));
  press();
}

function press() {
  for (const chip of windows.children) chip.setAttribute("aria-pressed", String(chip.dataset.window === (chosen.tag && !chosen.window ? "1h" : chosen.window)));
  for (const chip of topics.children) chip.setAttribute("aria-pressed", String(chip.dataset.tag === chosen.tag));
}

/** Call `changed()` when something else is chosen. */
export function listen(changed) {
  windows.addEventListener("click", event => {
    if (event.target.dataset.window === undefined) return;
    chosen = { window: event.target.dataset.window, tag: event.target.dataset.window ? chosen.tag : "" };
    press(); changed();
  });
  topics.addEventListener("click", event => {
    const tag = event.target.dataset.tag;
    if (tag === undefined) return;
    chosen = { ...chosen, tag: tag === chosen.tag ? "" : tag };
    press(); changed();
  });
}
