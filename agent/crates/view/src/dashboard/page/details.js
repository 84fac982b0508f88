// What there is to know of one node or task, in a dialog that keeps up while it is open.

import { plural } from "./board.js";
import { make, say, terms } from "./dom.js";
import { ago, left } from "./time.js";

const dialog = document.getElementById("details");
const title = document.getElementById("details-title");
const body = document.getElementById("details-body");
let subject = null;
let shown = null;

/** Opens it for `{kind, key}`. */
export function open(kind, key) {
  subject = { kind, key };
  body.replaceChildren(make("dl", { class: "terms" }), make("ul", { class: "rows" }));
  drawDetails(shown);
  if (!dialog.open) dialog.showModal();
}

/** Shows what has become of it. */
export function drawDetails(model) {
  shown = model;
  if (!subject || !model) return;
  if (subject.kind === "node") drawNode(model.nodes.get(subject.key));
  else drawTask(findTask(subject.key));
}

function findTask(key) {
  const ghosts = () => [...shown.nodes.values()].flatMap((node) => node.ghosts);
  return shown.tasks.get(key) ?? ghosts().find((ghost) => ghost.key === key);
}

function drawNode(node) {
  if (!node) return gone("This node has left the swarm.");
  say(title, node.hostname);
  terms(body.querySelector("dl"), [
    ["role", node.leads ? `${node.role}, leader` : node.role],
    ["in raft", node.manager],
    ["state", node.state],
    ["last change", ago(node.since)],
    ["availability", node.availability],
    ["departure", node.departure && departure(node.departure)],
    ["zone", node.zone],
    ["pool", node.pool],
    ["instance", node.instance_id],
    ["type", node.instance_type],
    ["address", node.address],
    ["engine", node.engine],
    ["labels", Object.entries(node.labels).map(([key, value]) => `${key}=${value}`).join(", ")],
    ["node", node.id],
  ]);
  list([`${plural(node.tasks.length, "task")}`, ...node.tasks.map((task) => `${task.label}: ${task.state}`)]);
}

function departure({ cause, deadline }) {
  return [cause ?? "under way", deadline ? `${left(deadline)} left` : ""].filter(Boolean).join(", ");
}

function drawTask(task) {
  if (!task) return gone("This task is no more.");
  say(title, task.label);
  terms(body.querySelector("dl"), [
    ["service", task.service],
    ["slot", task.slot],
    ["state", task.since ? `${task.state}, ${ago(task.since)}` : task.state],
    ["wanted", task.desired],
    ["error", task.error],
    ["node", task.node ?? "none"],
    ["zone", task.zone],
    ["image", task.image],
    ["task", task.id],
  ]);
  list([]);
}

function gone(text) {
  terms(body.querySelector("dl"), [["now", text]]);
  list([]);
}

function list(lines) {
  const rows = body.querySelector("ul");
  if (rows.dataset.shown === lines.join("\n")) return;
  rows.dataset.shown = lines.join("\n");
  rows.replaceChildren(...lines.map((line) => make("li", {}, line)));
}

dialog.addEventListener("close", () => {
  subject = null;
});
// A click beside it closes it.
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
