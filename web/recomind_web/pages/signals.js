// What a viewer does, as actions: with measured watch time, where the video was found, and undo.

import { sendInOrder } from "./action_sender.js";
import { noteAction } from "./viewer.js";

const SKIP_BELOW_MS = 2000, HELD_MS = 3000, MAX_WATCHED_MS = 86_400_000;

/** What leaving a video means: a swipe away within 2 s is a skip, unless the viewer likes it. */
export const leavingKind = (watchedMs, isLiked) => (watchedMs < SKIP_BELOW_MS && !isLiked ? "skip" : "view");

export class Signals {
  #held = null;

  /** `onSent(sent)` gets `{ user, kind, video, partition, offset, at, isUndo }`; `onWait()`: no worker takes it yet; `onRefused(error, kind, video)`. */
  constructor({ onSent, onWait, onRefused }) { Object.assign(this, { onSent, onWait, onRefused }); }

  /** Send an action of a type on a video. `fields`: `watched_ms`, `undo` and so on. What is held is sent before it. */
  send(user, kind, video, fields = {}, isLast = false) {
    this.release(isLast);
    return this.#send(user, kind, video, fields, isLast);
  }

  /** Send an action in 3 s, or before the next one. Until then `takeBack()` cancels it. */
  hold(user, kind, video, fields) {
    this.release();
    this.#held = { values: [user, kind, video, fields], timer: setTimeout(() => this.release(), HELD_MS) };
  }

  /** Cancel the action that is held. Returns whether there was one. */
  takeBack() {
    const held = this.#held;
    if (held) clearTimeout(held.timer);
    this.#held = null;
    return held !== null;
  }

  /** Send the action that is held now. */
  release(isLast = false) {
    const held = this.#held;
    if (this.takeBack()) this.#send(...held.values, isLast);
  }

  async #send(user, kind, video, fields, isLast) {
    const at = performance.now();
    const action = { user_id: user, video_id: video.video_id, action_type: kind, timestamp: new Date().toISOString(), ...fields };
    if (video.list_id) action.list_id = video.list_id; // trending has none, nor has a list of an earlier version
    if (video.position !== undefined && !fields.undo) action.position = video.position;
    if (action.watched_ms !== undefined) action.watched_ms = Math.min(action.watched_ms, MAX_WATCHED_MS);
    noteAction(user);
    try {
      const outcome = await sendInOrder(action, () => this.onWait(), isLast);
      const [partition, offset] = outcome.token.split(":").map(Number);
      this.onSent({ user, kind, video, partition, offset, at, isUndo: Boolean(fields.undo) });
    } catch (error) { this.onRefused(error, kind, video); }
  }
}
