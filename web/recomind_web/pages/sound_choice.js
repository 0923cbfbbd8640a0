// Whether the viewer wants to hear videos. At first they do not: browsers start no video with sound by itself. The choice is
// stored in the browser, for all of its tabs and until the viewer chooses otherwise.

import { sharedStorage } from "./browser_storage.js";

const STORAGE_KEY = "recomind-sound";

/** Whether the viewer has chosen sound. */
export const isSoundChosen = () => sharedStorage.get(STORAGE_KEY) === "on";

/** Remember the choice. */
export function chooseSound(isOn) { sharedStorage.set(STORAGE_KEY, isOn ? "on" : "off"); }
