// A filter of a user's list, as the viewer chose it: tags, or a creator, or an expression of the API.

/** A filter for videos with one of these values. `field` is `tag` or `creator`. */
export function filterBy(field, values) {
  const quoted = values.map(value => `"${value.replaceAll('"', "")}"`).join(",");
  return { text: `${field}:${quoted}`, label: field === "creator" ? `by ${values.join(", ")}` : values.join(", ") };
}

/** What was typed as a filter: `music` is a tag, and `duration:..60` an expression; null if nothing was typed. */
export function filterOf(typed) {
  const text = typed.trim();
  if (!text) return null;
  return /^-?[a-z]+:/.test(text) ? { text, label: text } : filterBy("tag", [text]);
}
