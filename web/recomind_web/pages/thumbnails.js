// Thumbnails of videos: the picture that the catalogue names, above a generated poster, which stays if it does not load.

import { poster } from "./poster.js";

/** Fill an element with the thumbnail of a video. `isMoving`: the shapes of a generated poster move. */
export function fillThumbnail(target, video, isMoving = false) {
  target.innerHTML = poster(video, isMoving);
  if (!video.thumbnail_url) return;
  const image = document.createElement("img");
  Object.assign(image, { alt: "", decoding: "async", loading: isMoving ? "eager" : "lazy", src: video.thumbnail_url });
  image.addEventListener("error", () => image.remove());
  target.append(image);
}
