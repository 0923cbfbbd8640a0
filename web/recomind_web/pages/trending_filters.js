// The filters of the trending list: a window of time, and a tag.

import { element } from "./dom.js";

const MAX_TAGS = 8, DEFAULT_WINDOW = "1h";
const windowButtons = document.getElementById("windows"), tagButtons = document.getElementById("tag-filter");
let selected = { window: "", tag: "" }, offeredTags = [];

/** The path of the selected trending feed. */
export function feedPath() {
  const query = new URLSearchParams({ n: 30 });
  if (selected.window || selected.tag) query.set("window", selected.window || DEFAULT_WINDOW);
  if (selected.tag) query.set("tag", selected.tag);
  return `/feed?${query}`;
}

/** Select a tag, which need not be among those offered. */
export function selectTag(tag) {
  selected = { ...selected, tag };
  if (tag && !offeredTags.includes(tag)) offeredTags = [tag, ...offeredTags];
  tagButtons.replaceChildren();
  offerTags([]);
}

/** The heading of the selected trending feed. */
export const heading = () => (selected.tag ? `Trending: ${selected.tag}` : "Trending");

/** Offer the most frequent tags of these videos. Tags that are offered already stay. */
export function offerTags(videos) {
  const counts = new Map();
  for (const tag of videos.flatMap(video => video.tags)) counts.set(tag, (counts.get(tag) || 0) + 1);
  if (!selected.tag && !offeredTags.length) offeredTags = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a) || (a < b ? -1 : 1)).slice(0, MAX_TAGS);
  if (tagButtons.children.length !== offeredTags.length) tagButtons.replaceChildren(...offeredTags.map(tag => {
    const button = element("button", "chip", tag);
    button.type = "button";
    button.dataset.tag = tag;
    return button;
  }));
  showSelection();
}

function showSelection() {
  const window = selected.tag && !selected.window ? DEFAULT_WINDOW : selected.window;
  for (const button of windowButtons.children) button.setAttribute("aria-pressed", String(button.dataset.window === window));
  for (const button of tagButtons.children) button.setAttribute("aria-pressed", String(button.dataset.tag === selected.tag));
}

/** Call `onChange()` when the selection changes. */
export function listenForChanges(onChange) {
  windowButtons.addEventListener("click", event => {
    const { window } = event.target.dataset;
    if (window === undefined) return;
    selected = { window, tag: window ? selected.tag : "" };
    showSelection(); onChange();
  });
  tagButtons.addEventListener("click", event => {
    const { tag } = event.target.dataset;
    if (tag === undefined) return;
    selected = { ...selected, tag: tag === selected.tag ? "" : tag };
    showSelection(); onChange();
  });
}
