// Boxes that change their place are seen flying there. A copy flies, over everything, since cards
// clip what is in them; the box itself waits, unseen, at its new place.

const TIME = 900;
/** More at once would be a blur, and slow. */
const MOST = 120;

const calm = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * Remembers where the tasks are that are about to move. The answer is to be called when they have:
 * it lets them fly, and tells how many moved.
 */
export function movesOf(held, tasks) {
  const leaving = [];
  for (const [key, element] of held) {
    const next = tasks.get(key);
    const home = homeOf(element);
    if (!next || home === next.home) continue;
    leaving.push({ element, home, from: element.firstElementChild.getBoundingClientRect() });
  }
  return () => {
    const moved = leaving.filter(({ element, home }) => element.isConnected && homeOf(element) !== home);
    if (!calm.matches && moved.length <= MOST) moved.forEach(fly);
    return moved.length;
  };
}

function homeOf(element) {
  return element.closest("[data-node]")?.dataset.node ?? "";
}

function fly({ element, from }) {
  const box = element.firstElementChild;
  const to = box.getBoundingClientRect();
  if (outside(from) && outside(to)) return;
  const copy = box.cloneNode(true);
  for (const name of ["id", "tabindex", "aria-label", "data-task", "data-opens"]) copy.removeAttribute(name);
  copy.classList.add("flyer");
  Object.assign(copy.style, { left: `${to.left}px`, top: `${to.top}px`, width: `${to.width}px`, height: `${to.height}px` });
  document.getElementById("sky").append(copy);
  box.classList.add("landing");
  const path = [
    { transform: `translate(${from.left - to.left}px, ${from.top - to.top}px)` },
    { transform: `translate(${(from.left - to.left) / 2}px, ${(from.top - to.top) / 2 - 24}px) scale(1.15)` },
    { transform: "none" },
  ];
  const flight = copy.animate(path, { duration: TIME, easing: "cubic-bezier(.3, 0, .2, 1)" });
  flight.onfinish = flight.oncancel = () => {
    copy.remove();
    box.classList.remove("landing");
  };
}

function outside({ top, bottom }) {
  return bottom < 0 || top > innerHeight;
}
