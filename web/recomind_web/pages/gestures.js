// Gestures on the video: swipe up or left, or scroll down, for the next one; double-tap to like.

const MIN_SWIPE_PX = 60, MAX_TAP_PX = 12, DOUBLE_TAP_MS = 320, MIN_WHEEL_PX = 40, WHEEL_PAUSE_MS = 700;

/** Call `onSwipe("up" | "left")` and `onDoubleTap()` for gestures on `target`. Pressing a button in it is no gesture. */
export function listenForGestures(target, { onSwipe, onDoubleTap }) {
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
    if (y < -MIN_SWIPE_PX && -y > Math.abs(x)) onSwipe("up");
    else if (x < -MIN_SWIPE_PX) onSwipe("left");
    else if (Math.hypot(x, y) < MAX_TAP_PX) {
      if (event.timeStamp - lastTapAt < DOUBLE_TAP_MS) { lastTapAt = 0; onDoubleTap(); } else lastTapAt = event.timeStamp;
    }
  });
  listenForWheel(target, () => onSwipe("up"));
}

/** A turn of the wheel, or a stroke on a touchpad, has many events: one counts in a while. */
function listenForWheel(target, onScroll) {
  let lastAt = -WHEEL_PAUSE_MS;
  target.addEventListener("wheel", event => {
    if (event.ctrlKey || event.deltaY < MIN_WHEEL_PX || event.timeStamp - lastAt < WHEEL_PAUSE_MS) return;
    lastAt = event.timeStamp;
    onScroll();
  }, { passive: true });
}

function moveBy(target, x, y) {
  target.style.transform = x || y ? `translate(${Math.min(0, x) / 3}px, ${Math.min(0, y) / 3}px)` : "";
}
