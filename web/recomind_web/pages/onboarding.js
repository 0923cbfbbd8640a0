// For a viewer who has done nothing yet: pick tags to begin with, or watch as a user who is here already.

import { get } from "./api.js";
import { tabStorage } from "./browser_storage.js";
import { element } from "./dom.js";
import { pathSegment } from "./path_segment.js";

const MAX_TAGS = 16, MAX_PERSONAS = 5, DONE_KEY = "recomind-onboarded";
const DEMO_USERS = ["u1", "u2", "u3", "u4", "u5", "u6"]; // the first users of `recomind demo`
const panel = document.getElementById("onboarding"), tagButtons = document.getElementById("pick-tags");
const start = document.getElementById("pick-start"), personas = document.getElementById("personas");
let picked = new Set();

/** Offer tags to pick, the most frequent ones of these videos first, unless the viewer has acted or has had the offer. */
export function offerOnboarding(viewer, feed) {
  const hasActed = feed.likes + feed.views + feed.skips > 0;
  panel.hidden = hasActed || tabStorage.get(DONE_KEY) === viewer;
  if (panel.hidden || panel.dataset.viewer === viewer && tagButtons.children.length) return;
  panel.dataset.viewer = viewer;
  picked = new Set();
  const counts = new Map();
  for (const tag of feed.videos.flatMap(video => video.tags)) counts.set(tag, (counts.get(tag) || 0) + 1);
  const tags = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a) || (a < b ? -1 : 1)).slice(0, MAX_TAGS);
  tagButtons.replaceChildren(...tags.map(tagButton));
  personas.replaceChildren();
  showStart();
}

export const hideOnboarding = () => { panel.hidden = true; };

function tagButton(tag) {
  const made = element("button", "chip", tag);
  made.type = "button";
  made.setAttribute("aria-pressed", "false");
  made.addEventListener("click", () => {
    if (!picked.delete(tag)) picked.add(tag);
    made.setAttribute("aria-pressed", String(picked.has(tag)));
    showStart();
  });
  return made;
}

function showStart() {
  start.textContent = picked.size ? `Start with ${picked.size} ${picked.size === 1 ? "tag" : "tags"}` : "Start without";
}

/** `onTags(tags)` gets what was picked, which may be nothing; `onPersona(user)` a user to watch as. */
export function listenForOnboarding({ viewer, onTags, onPersona }) {
  start.addEventListener("click", () => {
    tabStorage.set(DONE_KEY, viewer());
    panel.hidden = true;
    onTags([...picked]);
  });
  tagButtons.addEventListener("focusin", ({ target }) => target.scrollIntoView({ block: "nearest", inline: "nearest" })); // on a phone it may be half beyond the edge
  document.getElementById("personas-show").addEventListener("click", async () => {
    const found = await findPersonas(viewer());
    personas.replaceChildren(...found.map(persona => personaButton(persona, onPersona)));
    if (!found.length) personas.replaceChildren(element("p", "quiet", "Nobody has liked anything here yet."));
  });
}

function personaButton({ user_id: user, top_tags: tags }, onPersona) {
  const made = element("button", "chip", element("b", "", user), tags.length ? ` likes ${tags.slice(0, 3).join(", ")}` : "");
  made.type = "button";
  made.addEventListener("click", () => onPersona(user));
  return made;
}

/** Users who have liked something: those whose likes are like the viewer's, and the first ones of the demo. */
async function findPersonas(viewer) {
  const similar = await get(`/users/${pathSegment(viewer)}/similar?n=${MAX_PERSONAS}`).catch(() => []);
  const ids = [...new Set([...similar.map(user => user.user_id), ...DEMO_USERS])].filter(id => id !== viewer && !id.startsWith("session:"));
  const profiles = await Promise.all(ids.map(id => get(`/users/${pathSegment(id)}/profile`).catch(() => null)));
  return profiles.filter(profile => profile?.likes).slice(0, MAX_PERSONAS);
}
