// The line that says what has just happened, with a button to take it back. It has a place of its own below the video.

const line = document.getElementById("status"), button = document.getElementById("undo");
let takeBack = null;

/** Say something. `undo`: a function that takes it back, offered as a button. */
export function say(text, { isError = false, undo = null } = {}) {
  line.textContent = text;
  line.title = text;
  line.classList.toggle("bad", isError);
  button.hidden = !undo;
  takeBack = undo;
}

/** Take back what the line says, if that can be. */
export function undoLast() {
  const act = takeBack;
  takeBack = null;
  button.hidden = true;
  if (act) act();
}

button.addEventListener("click", undoLast);
