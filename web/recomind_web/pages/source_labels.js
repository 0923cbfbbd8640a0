// Labels of the candidate sources, as operators read them. A test checks that every source has one.

export const SOURCE_LABELS = {
  trending: "Trending",
  tags: "Tag match",
  liked_together: "Liked together",
  watched_next: "Watched next",
  next_lately: "Watched next, recent",
  similar_users: "Similar users",
  fresh: "New videos",
  retrained: "EASE model",
  factors: "Factor model",
  followed: "Followed",
};

/** The label of a source. */
export const sourceLabel = name => SOURCE_LABELS[name] ?? name.replaceAll("_", " ");

/** The label of a feature. Its name begins with a source, such as `tags, square root`, or is in words already. */
export function featureLabel(name) {
  const [first, ...rest] = name.split(", ");
  return [SOURCE_LABELS[first] ?? first[0].toUpperCase() + first.slice(1), ...rest].join(", ");
}
