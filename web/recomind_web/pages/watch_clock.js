// Measures for how long a video is watched: a clock that is stopped while the video does not play or nobody can see it.

export class WatchClock {
  #passedMs = 0;
  #startedAt = null;

  /** Run, unless it runs already. */
  start() { this.#startedAt ??= performance.now(); }

  stop() {
    this.#passedMs = this.ms;
    this.#startedAt = null;
  }

  /** Time for which it has run, in whole milliseconds. */
  get ms() { return Math.round(this.#passedMs + (this.#startedAt === null ? 0 : performance.now() - this.#startedAt)); }
}
