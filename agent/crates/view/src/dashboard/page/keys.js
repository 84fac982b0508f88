// The keyboard: arrows between nodes and tasks, `/` to the filter. Tab, Enter and Escape are the
// browser's own.

const filter = document.getElementById("filter");

/** Starts to listen. */
export function listen() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target === filter) return inFilter(event);
    if (event.key === "/") {
      event.preventDefault();
      filter.focus();
      filter.select();
      return;
    }
    const next = target(event.key, document.activeElement);
    if (!next) return;
    event.preventDefault();
    go(next);
  });
}

function inFilter(event) {
  if (event.key !== "Escape") return;
  event.preventDefault();
  filter.value = "";
  filter.dispatchEvent(new Event("input"));
  filter.blur();
}

function target(key, from) {
  const node = from?.closest?.(".node");
  const list = from?.closest?.(".tasks");
  switch (key) {
    case "ArrowRight":
    case "ArrowLeft":
      return list ? beside([...list.querySelectorAll(".task")], from, key === "ArrowRight") : node && into(node, key);
    case "ArrowDown":
    case "ArrowUp":
      return vertical(node, from, key === "ArrowDown");
    case "Home":
    case "End":
      return list && [...list.querySelectorAll(".task")].at(key === "Home" ? 0 : -1);
    default:
      return null;
  }
}

function beside(boxes, from, forward) {
  return boxes[boxes.indexOf(from) + (forward ? 1 : -1)] ?? null;
}

/** From a node's head to its first task. */
function into(node, key) {
  return key === "ArrowRight" ? node.querySelector(".task") : null;
}

/** To the next node, or from a task up to its node. */
function vertical(node, from, down) {
  const heads = [...document.querySelectorAll(".node-head")];
  if (!node) return document.activeElement === document.body || from?.id === "board" ? heads.at(down ? 0 : -1) : null;
  const head = node.querySelector(".node-head");
  if (!down && from !== head) return head;
  return heads[heads.indexOf(head) + (down ? 1 : -1)] ?? null;
}

function go(element) {
  const list = element.closest(".tasks");
  for (const box of list?.querySelectorAll(".task[tabindex='0']") ?? []) box.tabIndex = -1;
  element.tabIndex = 0;
  element.focus();
  element.scrollIntoView({ block: "nearest" });
}
