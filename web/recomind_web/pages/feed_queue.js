// The next videos: those of the latest list, and behind them pages of a feed session, which goes on for as long as
// anybody scrolls. No video comes twice.

import { get } from "./api.js";

const PAGE_SIZE = 20, MAX_EXCLUDED = 100, MAX_EXCLUDED_LENGTH = 4000;

export class FeedQueue {
  current = null;
  /** Whether the user has seen every video. */
  isEnd = false;
  #listed = []; #paged = []; #cursor = ""; #loading = null; #path; #seen;

  /** `path` is that of a user's feed, empty where there are no further pages; `seen` holds ids of videos that do not come again. */
  constructor(path, seen) { [this.#path, this.#seen] = [path, seen]; }

  /** Videos after the current one that have not been shown. */
  get next() {
    const known = new Set(this.current ? [this.current.video_id] : []);
    return [...this.#listed, ...this.#paged].filter(({ video_id: id }) => !this.#seen.has(id) && !known.has(id) && known.add(id));
  }

  /** Take a new list of next videos. The current video stays. */
  setList(videos, listId) { this.#listed = placed(videos, listId); }

  /** Go on to the next video; `isSeen`: the current one does not come again. */
  advance(isSeen = true) {
    if (this.current && isSeen) this.#seen.add(this.current.video_id);
    [this.current = null] = this.next;
    return this.current;
  }

  /** Show a video now, and the current one after it. */
  show(video) {
    if (this.current) this.#paged = [this.current, ...this.#paged];
    this.#seen.delete(video.video_id);
    this.current = video;
  }

  /** Leave out the videos for which `isUnwanted(video)` holds. */
  remove(isUnwanted) { for (const video of this.next) if (isUnwanted(video)) this.#seen.add(video.video_id); }

  /** Forget videos that were taken down. Returns whether any of them was among the next ones. */
  forget(isGone) {
    const count = this.next.length, isHere = video => !isGone(video);
    [this.#listed, this.#paged] = [this.#listed.filter(isHere), this.#paged.filter(isHere)];
    return this.next.length < count;
  }

  /** Load the next page; one at a time. Resolves to whether it has a video that was not known. Throws an `ApiError`. */
  async loadPage() {
    if (!this.#path || this.isEnd) return false;
    this.#loading ??= this.#load().finally(() => { this.#loading = null; });
    return this.#loading;
  }

  async #load() {
    const before = this.next.length, page = await this.#fetchPage();
    this.#cursor = page.cursor;
    this.isEnd = page.end;
    this.#paged = [...this.#paged.filter(video => !this.#seen.has(video.video_id)), ...placed(page.videos, page.list_id)];
    return this.next.length > before;
  }

  /** The page after the cursor. A feed session that has expired is followed by another one. */
  async #fetchPage() {
    const known = [...(this.current ? [this.current] : []), ...this.next].map(video => video.video_id);
    const excluded = joined([...new Set([...known, ...[...this.#seen].reverse()])]);
    const ask = cursor => get(`${this.#path}${this.#path.includes("?") ? "&" : "?"}n=${PAGE_SIZE}&cursor=${encodeURIComponent(cursor)}&exclude=${excluded}`);
    try { return await ask(this.#cursor); } catch (error) {
      if (error.status !== 410) throw error;
      return ask("");
    }
  }
}

/** As many ids as a request may have, separated by commas. */
function joined(ids) {
  let length = 0;
  return ids.slice(0, MAX_EXCLUDED).map(encodeURIComponent).filter(id => (length += id.length + 1) <= MAX_EXCLUDED_LENGTH).join(",");
}

/** Videos with their place and the id of their list, which actions on them carry. */
const placed = (videos, listId) => videos.map((video, position) => ({ ...video, position, list_id: listId || undefined }));
