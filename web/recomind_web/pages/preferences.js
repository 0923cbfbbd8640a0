// What a user blocks and follows: metadata of the user, read and put back as a whole list.

import { get, request } from "./api.js";
import { tabStorage } from "./browser_storage.js";
import { pathSegment } from "./path_segment.js";
import { isAnonymous } from "./viewer.js";

const OF_SESSION_KEY = "recomind-preferences-of", FIELDS = ["blocked_creators", "blocked_tags", "followed_tags"];
let previous = Promise.resolve(); // one change after the other: each reads what the one before has written

/** The name and metadata of a user; of one who was never put, empty ones. */
export async function preferencesOf(user) {
  try {
    return await get(`/users/${pathSegment(user)}`);
  } catch (error) {
    if (error.status !== 404) throw error;
    return { name: "", blocked_creators: [], blocked_tags: [], followed_tags: [] };
  }
}

/** Add values to a list such as `blocked_tags`, or remove them from it. Returns what is stored then. Throws an `ApiError`. */
export function changePreference(user, field, values, isAdded) {
  const changed = previous.then(async () => {
    if (isAnonymous(user)) tabStorage.set(OF_SESSION_KEY, user);
    const stored = await preferencesOf(user), others = stored[field].filter(one => !values.some(value => isSame(one, value)));
    return request("PUT", `/users/${pathSegment(user)}`, { name: stored.name, [field]: isAdded ? [...others, ...values] : others });
  });
  previous = changed.catch(() => {});
  return changed;
}

/** Give what a session blocks and follows to the user whom it was merged into. Throws an `ApiError`. */
export async function copyPreferences(session, user) {
  if (tabStorage.get(OF_SESSION_KEY) !== session) return; // it was never put
  const stored = await preferencesOf(session);
  for (const field of FIELDS) if (stored[field].length) await changePreference(user, field, stored[field], true);
  tabStorage.remove(OF_SESSION_KEY);
}

/** Whether two tags or ids are the same: tags are in any case. */
export const isSame = (one, other) => one === other || one.normalize("NFC").toLowerCase() === other.normalize("NFC").toLowerCase();
