// Ids in paths.

/** An id as a segment of a path. "." and ".." get a mark that no id has: browsers take them for folders, also as %2E. */
export function pathSegment(id) {
  return encodeURIComponent(id === "." || id === ".." ? `\u00ad${id}` : id);
}
