// What the browser stores for the page: for the tab, or for all tabs. A browser may deny it, or have no room: then it is
// in memory, until the page is left.

/** Stored until the tab is closed. */
export const tabStorage = storage(() => sessionStorage);

/** Stored until somebody removes it, for all tabs. */
export const sharedStorage = storage(() => localStorage);

/** `find()` returns the browser's storage, or throws where the browser denies it. */
function storage(find) {
  const memory = new Map(); // what the browser did not take
  const ask = act => { try { return { value: act(find()) }; } catch { return null; } };
  return {
    /** The stored text; null if there is none. */
    get: key => memory.get(key) ?? ask(stored => stored.getItem(key))?.value ?? null,
    set(key, text) { if (ask(stored => stored.setItem(key, text))) memory.delete(key); else memory.set(key, text); },
    remove(key) { memory.delete(key); ask(stored => stored.removeItem(key)); },
  };
}
