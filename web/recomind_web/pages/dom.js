// Creates HTML elements.

/** A new element with a class and children (elements or text). */
export function element(name, className = "", ...children) {
  const created = document.createElement(name);
  created.className = className;
  created.append(...children);
  return created;
}
