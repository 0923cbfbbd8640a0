// Who watches: a user who has signed in with a name, or an anonymous session, which can be merged into one.

import { afterActions } from "./action_sender.js";
import { request } from "./api.js";
import { tabStorage } from "./browser_storage.js";
import { pathSegment } from "./path_segment.js";
import { randomUuid } from "./random_uuid.js";

const SESSION_KEY = "recomind-session", ACTED_KEY = "recomind-session-acted";

/** The id of this tab's anonymous session. It is stored until the tab is closed, or until the session is merged. */
export function sessionId() {
  const stored = tabStorage.get(SESSION_KEY);
  if (stored) return stored;
  const made = `session:${randomUuid()}`;
  tabStorage.set(SESSION_KEY, made);
  return made;
}

/** Whether an id is that of an anonymous session. */
export const isAnonymous = id => id.startsWith("session:");

/** Remember that the session has done something, so that there is something to merge. */
export function noteAction(id) {
  if (id === tabStorage.get(SESSION_KEY)) tabStorage.set(ACTED_KEY, "yes");
}

/** Make what this tab's session did what the user did. Returns whether there was anything. Throws an `ApiError`. */
export async function mergeSession(user) {
  const session = tabStorage.get(SESSION_KEY);
  if (!session || !tabStorage.get(ACTED_KEY) || isAnonymous(user)) return false;
  await afterActions(() => request("POST", `/users/${pathSegment(user)}/merge`, { session }));
  tabStorage.remove(SESSION_KEY);
  tabStorage.remove(ACTED_KEY);
  return true;
}
