// A filter of a user's list, as the viewer chose it: tags, a creator, words of titles, or an expression of the API.

const LABELS = { creator: "by ", title: "titles with " };

/** A filter for videos with one of these values. `field` is `tag`, `creator` or `title`. */
export function filterBy(field, values) {
  const quoted = values.map(value => `"${value.replaceAll('"', "")}"`).join(",");
  return { text: `${field}:${quoted}`, label: `${LABELS[field] ?? ""}${values.join(", ")}` };
}

/**
 * What was typed as a filter: `music` is a tag, and `duration:..60` an expression; null if nothing was typed.
 * `fallback`: what is meant if no video has that tag.
 */
export function filterOf(typed) {
  const text = typed.trim();
  if (!text) return null;
  return /^-?[a-z]+:/.test(text) ? { text, label: text } : { ...filterBy("tag", [text]), fallback: filterBy("title", [text]) };
}
