// Plays the current video again and again, muted until the viewer chooses sound. Where its URL is no media file that the
// browser plays, a moving poster stands for it.

import { chooseSound, isSoundChosen } from "./sound_choice.js";
import { fillThumbnail } from "./thumbnails.js";
import { WatchClock } from "./watch_clock.js";

const MEDIA_TYPES = { mp4: "video/mp4", m4v: "video/mp4", webm: "video/webm", ogv: "video/ogg", mov: "video/quicktime", m3u8: "application/vnd.apple.mpegurl" };
const POSTER_MS = 9000; // one run of the bar below a poster whose video has no known duration
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

/** Whether the browser may play what is at this URL: the name of a media file of a type that it knows. */
export function isPlayable(url) {
  const path = url && URL.canParse(url, document.baseURI) ? new URL(url, document.baseURI).pathname : "";
  const type = MEDIA_TYPES[path.split(".").at(-1).toLowerCase()];
  return Boolean(type && document.createElement("video").canPlayType(type));
}

export class Player {
  #clock = new WatchClock(); #media = null; #video = null; #holds = new Set();

  /** `frame` contains elements with the classes `poster`, `progress` (a bar), `pause` and `sound` (buttons). */
  constructor(frame) {
    this.#frame = frame;
    [this.#poster, this.#progress, this.#button, this.#soundButton] = ["poster", "progress", "pause", "sound"].map(name => frame.querySelector(`.${name}`));
    this.#button.addEventListener("click", () => this.toggle());
    this.#soundButton.addEventListener("click", () => this.toggleSound());
    if (document.hidden) this.#holds.add("hidden");
    document.addEventListener("visibilitychange", () => this.hold("hidden", document.hidden));
  }
  #frame; #poster; #progress; #button; #soundButton;

  /** Show a video from its beginning; nothing if it is null. */
  show(video) {
    this.#removeMedia();
    this.#video = video;
    this.#clock = new WatchClock();
    this.#holds.delete("viewer");
    this.#poster.replaceChildren();
    this.#button.hidden = !video;
    if (video) fillThumbnail(this.#poster, video, true);
    this.#progress.style.setProperty("--run", `${video?.duration_ms ?? POSTER_MS}ms`);
    if (video && isPlayable(video.url)) this.#addMedia(video.url);
    this.#update();
  }

  /** Pause for a reason while `isOn`: it plays while there is no reason to pause. */
  hold(reason, isOn) {
    if (isOn) this.#holds.add(reason); else this.#holds.delete(reason);
    this.#update();
  }

  /** Pause, or go on. */
  toggle() { if (this.#video) this.hold("viewer", !this.#holds.has("viewer")); }

  /** Mute, or play with sound; this video and later ones. A poster has no sound. */
  toggleSound() {
    if (!this.#media) return;
    this.#media.muted = !this.#media.muted;
    chooseSound(!this.#media.muted);
    this.#update();
  }

  /** For how long the video has been watched, in milliseconds. */
  get watchedMs() { return this.#clock.ms; }

  /** How long the video is, in milliseconds; undefined if that is not known. */
  get durationMs() {
    const seconds = this.#media?.duration;
    return Number.isFinite(seconds) && seconds > 0 ? Math.max(1, Math.round(seconds * 1000)) : this.#video?.duration_ms ?? undefined;
  }

  #addMedia(url) {
    const media = this.#media = document.createElement("video");
    Object.assign(media, { muted: !isSoundChosen(), loop: true, playsInline: true, preload: "auto", src: url });
    const on = (names, act) => { for (const name of names) media.addEventListener(name, () => { if (media === this.#media) act(); }); };
    on(["playing"], () => { this.#clock.start(); this.#frame.classList.add("plays"); });
    on(["pause", "waiting"], () => this.#clock.stop());
    on(["error"], () => { this.#removeMedia(); this.#update(); });
    on(["loadedmetadata"], () => media.classList.toggle("wide", media.videoWidth > media.videoHeight));
    on(["timeupdate"], () => { this.#progress.style.transform = `scaleX(${media.currentTime / media.duration || 0})`; });
    if (reducedMotion.matches) this.#holds.add("viewer"); // the viewer starts it
    this.#poster.append(media);
  }

  #removeMedia() {
    const media = this.#media;
    this.#media = null; // its events do not count any more
    media?.removeAttribute("src");
    media?.remove();
    this.#frame.classList.remove("plays");
    this.#progress.style.transform = "";
  }

  #update() {
    const isHeld = this.#holds.size > 0 || !this.#video;
    this.#frame.classList.toggle("held", isHeld);
    this.#button.setAttribute("aria-label", this.#holds.has("viewer") ? "Play" : "Pause");
    this.#button.classList.toggle("is-held", this.#holds.has("viewer"));
    if (!this.#media && document.activeElement === this.#soundButton) this.#button.focus(); // a hidden button loses it
    this.#soundButton.hidden = !this.#media;
    this.#soundButton.setAttribute("aria-pressed", String(Boolean(this.#media) && !this.#media.muted));
    if (!this.#media) { if (isHeld) this.#clock.stop(); else this.#clock.start(); return; }
    if (isHeld) this.#media.pause(); else this.#play(this.#media);
  }

  /**
   * Play; a media file that cannot be played has its event `error`. One that the browser holds back because of its sound,
   * as it does after a reload, is played muted; one that it holds back all the same stays paused.
   */
  #play(media) {
    media.play().catch(error => {
      if (error.name !== "NotAllowedError" || media !== this.#media) return;
      if (media.muted) { this.hold("viewer", true); return; }
      media.muted = true;
      this.#update();
    });
  }
}
