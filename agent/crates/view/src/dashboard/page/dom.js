// Making elements, and keeping them the same while what they show changes.

/** An element with attributes and children; `class` and `data-…` are attributes like any other. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  element.append(...children);
  return element;
}

/** Sets an attribute, or takes it away, if that changes anything. */
export function set(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else {
    const text = value === true ? "" : String(value);
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}

/** Sets an element's text, if that changes anything. */
export function say(element, text) {
  const wanted = text ?? "";
  if (element.textContent !== wanted) element.textContent = wanted;
}

/**
 * Makes `parent` hold one element per item, in their order. Elements are kept in `held` (a Map) by
 * their key, also when they come from another parent, so that focus and identity survive.
 */
export function sync(parent, items, held, { key, create, update }) {
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = key(item);
    let element = held.get(name);
    if (!element) {
      element = create(item);
      held.set(name, element);
    }
    if (element === place) {
      place = place.nextElementSibling;
    } else {
      parent.insertBefore(element, place);
    }
    update(element, item);
  }
  while (place) {
    const next = place.nextElementSibling;
    place.remove();
    place = next;
  }
}

/** Forgets the elements that no item has any more. */
export function forget(held, names) {
  for (const [name, element] of held) {
    if (names.has(name)) continue;
    element.remove();
    held.delete(name);
  }
}

/** Rows of a definition list: [term, value] pairs, those without a value left out. */
export function terms(list, pairs) {
  const parts = pairs
    .filter(([, value]) => value !== null && value !== undefined && value !== "")
    .flatMap(([term, value]) => [make("dt", {}, term), make("dd", {}, value)]);
  const text = (nodes) => nodes.map((node) => node.textContent).join("\n");
  if (text(parts) !== text([...list.children])) list.replaceChildren(...parts);
}
