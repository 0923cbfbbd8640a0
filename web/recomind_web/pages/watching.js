// The current video and what the viewer does with it: like, leave, reject, and undo.

import { showLiked, showVideo } from "./feed_view.js";
import { say } from "./message_line.js";
import { Player } from "./player.js";
import { isLiked, noteHistory } from "./session_history.js";
import { leavingKind, Signals } from "./signals.js";

const TRANSITION_MS = 180;
const PAST_TENSE = { like: "Liked", view: "Watched", skip: "Skipped", not_interested: "Not interested in" };
const UNDONE = { like: "No longer liked:", not_interested: "Back again:" };
const frame = document.getElementById("video");

export class Watching {
  player = new Player(frame);
  #undo = null; #pending = []; #latest = { counted: {}, newVideos: 0, at: 0 };

  /** `feed` has the fields `viewer`, `queue` and `emptyText`, and the method `onMoved()`: another video is the current one. */
  constructor(feed) {
    this.feed = feed;
    this.signals = new Signals({
      onSent: sent => this.#note(sent),
      onWait: () => say("No worker takes this now. It is kept, and sent again.", { isError: true }),
      onRefused: (error, kind, video) => this.#refused(error, kind, video),
    });
    addEventListener("pagehide", () => this.endWatching(true));
  }

  /** Forget what was done before: another viewer, or another list. */
  reset() {
    [this.#undo, this.#pending, this.#latest] = [null, [], { counted: {}, newVideos: 0, at: 0 }];
  }

  /** Show the current video from its beginning. */
  show() {
    const video = this.feed.queue.current;
    showVideo(video, this.feed.emptyText, video && isLiked(this.feed.viewer, video.video_id));
    this.player.show(video);
  }

  /** Like the current video; `toggles`: if it is liked already, take that back. */
  like(toggles = true) {
    const { viewer, queue: { current: video } } = this.feed;
    if (!video) return;
    if (isLiked(viewer, video.video_id)) { if (toggles) this.#unlike(viewer, video); return; }
    noteHistory(viewer, video, { isLiked: true });
    showLiked(true);
    this.#undo = { kind: "like", video, act: () => this.#unlike(viewer, video) };
    this.signals.send(viewer, "like", video);
  }

  #unlike(viewer, video) {
    this.#undo = null;
    noteHistory(viewer, video, { isLiked: false });
    if (this.feed.queue.current?.video_id === video.video_id) showLiked(false);
    this.signals.send(viewer, "like", video, { undo: true });
  }

  /** Go on to the next video: a view or a skip, by how long this one was watched. */
  leave(direction = "up") {
    const { viewer, queue: { current: video } } = this.feed;
    if (!video) return;
    const { kind, fields } = this.#watched();
    noteHistory(viewer, video, { kind, watchedMs: fields.watched_ms });
    if (kind === "skip" || this.#undo?.video !== video) this.#undo = null; // a like stays one that can be undone
    if (kind === "skip") {
      this.#offerReturn(kind, video, () => this.signals.takeBack());
      this.signals.hold(viewer, kind, video, fields);
    } else this.signals.send(viewer, kind, video, fields);
    this.#goOn(direction);
  }

  /** No more of the kind of a video. It is never shown again, unless that is undone. */
  reject(video = this.feed.queue.current) {
    const { viewer, queue } = this.feed;
    if (!video) return;
    noteHistory(viewer, video, { kind: "not_interested" });
    this.#offerReturn("not_interested", video, () => this.signals.send(viewer, "not_interested", video, { undo: true }));
    this.signals.send(viewer, "not_interested", video);
    if (video.video_id === queue.current?.video_id) this.#goOn("left");
    else { queue.remove(other => other.video_id === video.video_id); this.feed.onMoved(); }
  }

  /** Say that an action was done, and offer to undo it and to return to the video. */
  #offerReturn(kind, video, takeBack) {
    const act = () => {
      this.#undo = null;
      takeBack();
      noteHistory(this.feed.viewer, video, { kind: "" });
      this.feed.queue.show(video);
      this.show();
      this.feed.onMoved();
      say(`Back to “${video.title}”.`);
    };
    this.#undo = { kind, video, act };
    this.#say(kind, video, `${PAST_TENSE[kind]} “${video.title}”.`);
  }

  /** Watch a video now. */
  watch(video) {
    if (video.video_id === this.feed.queue.current?.video_id) return;
    this.endWatching();
    this.feed.queue.show(video);
    this.show();
    this.feed.onMoved();
  }

  /** Send for how long the current video was watched, if that was a view. Leaving the page or the list is no skip. */
  endWatching(isLast = false) {
    const { viewer, queue } = this.feed, video = queue?.current;
    this.signals.release(isLast);
    const { kind, fields } = this.#watched();
    if (!video || kind === "skip" || fields.watched_ms < 1) return;
    noteHistory(viewer, video, { kind, watchedMs: fields.watched_ms });
    this.signals.send(viewer, kind, video, fields, isLast);
    queue.advance();
    if (isLast) this.show();
  }

  #watched() {
    const { viewer, queue } = this.feed, watched_ms = this.player.watchedMs, video = queue?.current;
    const fields = { watched_ms, ...(this.player.durationMs ? { duration_ms: this.player.durationMs } : {}) };
    return { kind: leavingKind(watched_ms, Boolean(video) && isLiked(viewer, video.video_id)), fields };
  }

  /** Take the current video away, as what the viewer has blocked. */
  dismiss() { this.#goOn("left"); }

  /** Videos were taken down: leave the current one if it is among them, and offer no return to one. */
  takeDown(isGone) {
    const { queue } = this.feed, undone = this.#undo?.video, current = queue.current;
    const gone = [current, undone].find(video => video && isGone(video)), hasChanged = queue.forget(isGone);
    if (undone && isGone(undone)) this.#undo = null;
    if (current && isGone(current)) this.dismiss(); else if (hasChanged) this.feed.onMoved();
    if (gone) say(`“${gone.title}” was taken down.`);
  }

  #goOn(direction) {
    this.feed.queue.advance();
    this.feed.onMoved();
    frame.classList.remove("in");
    frame.classList.add(`out-${direction}`);
    const next = this.feed.queue.current;
    setTimeout(() => {
      frame.classList.remove("out-up", "out-left");
      frame.classList.add("in");
      if (this.feed.queue.current === next) this.show();
    }, TRANSITION_MS);
  }

  /** A new list has come, which counts some actions. */
  noteList(counted, newVideos) {
    this.#latest = { counted, newVideos, at: performance.now() };
    this.#reportCounted();
  }

  #note(sent) {
    if (sent.user !== this.feed.viewer) return;
    this.#pending.push(sent);
    this.#say(sent.kind, sent.video, sent.isUndo ? `${UNDONE[sent.kind]} “${sent.video.title}”.` : `${PAST_TENSE[sent.kind]} “${sent.video.title}”.`);
    this.#reportCounted();
  }

  /** Report how long an action took to change the list. The list may arrive before the response to the action. */
  #reportCounted() {
    const done = this.#pending.filter(action => (this.#latest.counted[action.partition] ?? -1) >= action.offset);
    this.#pending = this.#pending.filter(action => !done.includes(action));
    if (!done.length) return;
    const { kind, video, at, isUndo } = done.at(-1), seconds = Math.max(0.01, (this.#latest.at - at) / 1000).toFixed(2);
    this.#say(kind, video, `${isUndo ? UNDONE[kind] : PAST_TENSE[kind]} “${video.title}”: ${this.#latest.newVideos} new in your list, ${seconds} s later.`);
  }

  /** Say what was done with a video, with a button to undo the latest action that can be undone. */
  #say(kind, video, text) {
    const undo = this.#undo;
    if (undo && (undo.kind !== kind || undo.video.video_id !== video.video_id)) return; // the line speaks of what can be undone
    say(text, { undo: undo?.act });
  }

  #refused(error, kind, video) {
    if (kind === "like") {
      noteHistory(this.feed.viewer, video, { isLiked: false });
      if (this.feed.queue.current?.video_id === video.video_id) showLiked(false);
    }
    this.#undo = null;
    say(`Could not send this: ${error.message}`, { isError: true });
  }
}
