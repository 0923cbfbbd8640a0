// Gestures on the video: swipe up for the next, left to skip, tap twice to like.

const FAR = 60, TWICE = 320;

/** Call `act("view" | "skip" | "like")` for gestures on `element`; a button pressed in it is no gesture. */
export function gestures(element, act) {
  let start = null, tapped = 0;
  element.addEventListener("pointerdown", event => {
    start = event.target.closest("button, a") ? null : { x: event.clientX, y: event.clientY };
  });
  element.addEventListener("pointermove", event => {
    if (start && event.pointerType === "touch") drag(element, event.clientX - start.x, event.clientY - start.y);
  });
  for (const end of ["pointercancel", "pointerleave"]) element.addEventListener(end, () => { start = null; drag(element, 0, 0); });
  element.addEventListener("pointerup", event => {
    if (!start) return;
    const x = event.clientX - start.x, y = event.clientY - start.y;
    start = null; drag(element, 0, 0);
    if (y < -FAR && -y > Math.abs(x)) act("view");
    else if (x < -FAR) act("skip");
    else if (Math.hypot(x, y) < 12) {
      if (event.timeStamp - tapped < TWICE) { tapped = 0; act("like"); } else tapped = event.timeStamp;
    }
  });
}

function drag(element, x, y) {
  element.style.transform = x || y ? `translate(${Math.min(0, x) / 3}px, ${Math.min(0, y) / 3}px)` : "";
}
