// Zones, the nodes in them, and the tasks on these.

import { forget, make, say, set, sync } from "./dom.js";
import { movesOf } from "./moves.js";
import { ago, left } from "./time.js";

/** With more tasks than this on a node their boxes are small. */
const DENSE = 14;

const held = { zones: new Map(), nodes: new Map(), tasks: new Map(), ghosts: new Map() };

/** Shows the model; what moved to another place is seen moving. Answers how many tasks moved. */
export function draw(shown) {
  const fly = movesOf(held.tasks, shown.tasks);
  sync(document.getElementById("zones"), shown.zones, held.zones, {
    key: (zone) => zone.name,
    create: zone,
    update: drawZone,
  });
  drawTasks(document.querySelector("#pending .tasks"), shown.pending);
  document.getElementById("pending").hidden = shown.pending.length === 0;
  const all = [...shown.nodes.values()];
  forget(held.zones, new Set(shown.zones.map((item) => item.name)));
  forget(held.nodes, new Set(all.map((node) => node.id)));
  forget(held.tasks, new Set(shown.tasks.keys()));
  forget(held.ghosts, new Set(all.flatMap((node) => node.ghosts.map((ghost) => ghost.key))));
  return fly();
}

function zone({ name }) {
  const title = `zone-${name.replaceAll(/[^\w-]/g, "_")}`;
  return make("section", { class: "zone", "aria-labelledby": title },
    make("header", { class: "zone-head" }, make("h2", { id: title }, name), make("p", { class: "quiet" })),
    make("ul", { class: "nodes" }));
}

function drawZone(element, item) {
  const tasks = item.nodes.reduce((sum, node) => sum + node.tasks.length, 0);
  say(element.querySelector(".zone-head p"), `${plural(item.nodes.length, "node")}, ${plural(tasks, "task")}`);
  sync(element.querySelector(".nodes"), item.nodes, held.nodes, {
    key: (node) => node.id,
    create: node,
    update: drawNode,
  });
}

function node({ id }) {
  const title = `node-${id}`;
  return make("li", { class: "node", "data-node": id },
    make("button", { class: "node-head", id: title, "data-opens": "node" },
      make("span", { class: "lamp" }), make("span", { class: "name" }), make("span", { class: "badges" }),
      make("span", { class: "more" })),
    make("ul", { class: "tasks", "aria-labelledby": title }),
    make("ul", { class: "tasks ghosts", "aria-label": "leaving" }));
}

function drawNode(card, item) {
  set(card, "data-state", item.state);
  set(card, "data-role", item.role);
  set(card, "data-availability", item.availability);
  const parts = badges(item);
  const head = card.querySelector(".node-head");
  say(head.querySelector(".name"), item.hostname);
  const texts = parts.map(([kind, text]) => `${kind}:${text}`).join("|");
  const list = head.querySelector(".badges");
  if (list.dataset.shown !== texts) {
    list.dataset.shown = texts;
    list.replaceChildren(...parts.map(([kind, text, until]) =>
      make("span", { class: "badge", "data-kind": kind, "data-until": until, "data-text": text }, text)));
  }
  say(head.querySelector(".more"), [item.pool && `pool ${item.pool}`, item.instance_type, item.instance_id].filter(Boolean).join(" · "));
  const words = parts.map(([, text]) => text).join(", ");
  set(head, "aria-label", `${item.hostname}, ${words}, ${plural(item.tasks.length, "task")}`);
  const tasks = card.querySelector(".tasks");
  set(tasks, "data-dense", item.tasks.length > DENSE);
  drawTasks(tasks, item.tasks);
  drawGhosts(card.querySelector(".ghosts"), item.ghosts);
}

/** What is worth a word: role, and whatever is not as it mostly is. Kind, text, deadline. */
function badges(item) {
  const list = [item.leads ? ["leader", "leader"] : [item.role, item.role]];
  if (item.state !== "ready") list.push(["bad", item.state]);
  if (item.availability !== "active") list.push(["warn", item.availability]);
  if (item.manager === "unreachable") list.push(["bad", "unreachable"]);
  if (item.refused) list.push(["bad", "not admitted"]);
  if (item.departure) list.push(["going", "departing", item.departure.deadline]);
  return list;
}

function drawTasks(list, tasks) {
  sync(list, tasks, held.tasks, { key: (task) => task.key, create: task, update: drawTask });
  rove(list);
}

function drawGhosts(list, ghosts) {
  sync(list, ghosts, held.ghosts, { key: (task) => task.key, create: task, update: drawTask });
  list.hidden = ghosts.length === 0;
  rove(list);
}

function task() {
  return make("li", { class: "slot" }, make("button", { class: "task", tabindex: "-1", "data-opens": "task" },
    make("span", { class: "label" }), make("span", { class: "number" })));
}

/** A box. */
export function drawTask(element, item) {
  const box = element.firstElementChild;
  set(element, "data-key", item.key);
  set(box, "data-task", item.id);
  set(box, "data-hue", item.hue);
  set(box, "data-pattern", item.pattern);
  set(box, "data-phase", item.phase);
  say(box.querySelector(".label"), short(item.service));
  say(box.querySelector(".number"), item.slot ? String(item.slot) : "");
  const where = item.node ? `on ${item.node}` : "without a node";
  set(box, "aria-label", `${item.label}, ${item.phase === "leaving" ? "leaving" : item.state}, ${where}`);
  set(box, "title", `${item.label}: ${item.state}${item.error ? `: ${item.error}` : ""}`);
}

/** A service's name without its stack's. */
function short(name) {
  return name.slice(name.indexOf("_") + 1);
}

/** One task of each list can be reached by Tab; arrows lead to the others. */
function rove(list) {
  const boxes = [...list.querySelectorAll(".task")];
  if (boxes.length === 0) return;
  const current = boxes.find((box) => box === document.activeElement) ?? boxes.find((box) => box.tabIndex === 0) ?? boxes[0];
  for (const box of boxes) set(box, "tabindex", box === current ? "0" : "-1");
}

/** Counts down, once a second. */
export function tick() {
  for (const badge of document.querySelectorAll(".badge[data-until]")) {
    say(badge, `${badge.dataset.text} ${left(Number(badge.dataset.until))}`);
  }
  for (const one of document.querySelectorAll("[data-since]")) say(one, ago(Number(one.dataset.since)));
}

/** `1 task`, `2 tasks`. */
export function plural(count, word) {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
