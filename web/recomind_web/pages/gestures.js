// Gestures on the video: swipe up for the next one, swipe left to skip, double-tap to like.

const MIN_SWIPE_PX = 60, MAX_TAP_PX = 12, DOUBLE_TAP_MS = 320;

/** Call `onAction("view" | "skip" | "like")` for gestures on `target`. Pressing a button in it is no gesture. */
export function listenForGestures(target, onAction) {
  let start = null, lastTapAt = 0;
  target.addEventListener("pointerdown", event => {
    start = event.target.closest("button, a") ? null : { x: event.clientX, y: event.clientY };
  });
  target.addEventListener("pointermove", event => {
    if (start && event.pointerType === "touch") moveBy(target, event.clientX - start.x, event.clientY - start.y);
  });
  for (const name of ["pointercancel", "pointerleave"]) target.addEventListener(name, () => { start = null; moveBy(target, 0, 0); });
  target.addEventListener("pointerup", event => {
    if (!start) return;
    const x = event.clientX - start.x, y = event.clientY - start.y;
    start = null; moveBy(target, 0, 0);
    if (y < -MIN_SWIPE_PX && -y > Math.abs(x)) onAction("view");
    else if (x < -MIN_SWIPE_PX) onAction("skip");
    else if (Math.hypot(x, y) < MAX_TAP_PX) {
      if (event.timeStamp - lastTapAt < DOUBLE_TAP_MS) { lastTapAt = 0; onAction("like"); } else lastTapAt = event.timeStamp;
    }
  });
}

function moveBy(target, x, y) {
  target.style.transform = x || y ? `translate(${Math.min(0, x) / 3}px, ${Math.min(0, y) / 3}px)` : "";
}
