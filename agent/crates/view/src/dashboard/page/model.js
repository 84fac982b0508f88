// From what the node tells to what the page shows. Nothing here touches the page.

import { colours } from "./colours.js";

const ENDED = new Set(["complete", "shutdown", "failed", "rejected", "remove", "orphaned"]);
const WAITING = new Set(["new", "allocated", "pending"]);
const NOWHERE = "no zone";
/** A new task has no node for a moment. For so many seconds it is shown where its forerunner was. */
const MOMENT = 4;

/** What a view shows: nodes in zones, tasks on nodes, and all that is beside them. */
export function model(view) {
  const services = coloured(view.services);
  const going = new Map(view.departures.map((one) => [one.node_id, one]));
  const nodes = new Map(view.nodes.map((node) => [node.id, placed(node, view, going)]));
  const { current, old } = slots(view.tasks);
  const before = new Map(old.map((task) => [slotOf(task), task.node_id]));
  const tasks = current.map((task) => described(task, slotOf(task), services, nodes));
  const pending = [];
  for (const task of tasks) {
    const isNew = !task.node_id && !task.error && view.at - task.since < MOMENT;
    const home = nodes.get(isNew ? before.get(task.key) : task.node_id);
    task.home = home?.id ?? "";
    (home?.tasks ?? pending).push(task);
    if (task.phase === "running" && home?.state !== "down") count(services.get(task.service));
  }
  for (const task of old) {
    if (!ENDED.has(task.state)) nodes.get(task.node_id)?.ghosts.push(described(task, task.id, services, nodes));
  }
  for (const node of nodes.values()) {
    node.tasks.sort(byLabel);
    node.ghosts.sort(byLabel);
  }
  return {
    view,
    nodes,
    zones: zones([...nodes.values()]),
    tasks: new Map(tasks.map((task) => [task.key, task])),
    pending: pending.sort(byLabel),
    failures: failures(view.tasks),
    services: [...services.values()],
    stacks: view.stacks.map((stack) => ({ ...stack, running: running(stack, services) })),
  };
}

/** Services by name, each with its colour. */
function coloured(list) {
  const given = colours(list.map((service) => service.name).sort());
  return new Map(list.map((service) => [service.name, { ...service, ...given.get(service.name), running: 0 }]));
}

/** The engine also counts tasks of nodes that are down; here only those count that are shown. */
function count(service) {
  if (service) service.running += 1;
}

function running(stack, services) {
  return [...services.values()].reduce((sum, one) => sum + (one.stack === stack.name ? one.running : 0), 0);
}

function placed(node, view, going) {
  return {
    ...node,
    leads: view.leader === node.id,
    departure: going.get(node.id) ?? (node.departing ? {} : null),
    tasks: [],
    ghosts: [],
  };
}

/** The task that fills each slot, and those that filled one before. */
function slots(tasks) {
  const best = new Map();
  const old = [];
  for (const task of tasks) {
    if (!isWanted(task)) {
      old.push(task);
      continue;
    }
    const slot = slotOf(task);
    const held = best.get(slot);
    if (held && held.since >= task.since) old.push(task);
    else {
      best.set(slot, task);
      if (held) old.push(held);
    }
  }
  return { current: [...best.values()], old };
}

function isWanted(task) {
  return task.desired !== "shutdown" && task.desired !== "remove" && !ENDED.has(task.state);
}

/** A replica has a number; a global service has one task a node. */
function slotOf(task) {
  return `${task.service}/${task.slot ?? task.node_id}`;
}

function labelOf(task) {
  return task.slot ? `${task.service}.${task.slot}` : task.service;
}

function described(task, key, services, nodes) {
  const service = services.get(task.service);
  return {
    ...task,
    key,
    hue: service?.hue ?? 0,
    pattern: service?.pattern ?? 0,
    label: labelOf(task),
    zone: nodes.get(task.node_id)?.zone ?? "",
    phase: phase(task),
  };
}

/** One of the four that are drawn apart. */
function phase(task) {
  if (!isWanted(task)) return "leaving";
  if (task.state === "running") return "running";
  return WAITING.has(task.state) ? "pending" : "starting";
}

function zones(nodes) {
  const found = new Map();
  for (const node of nodes) {
    const zone = node.zone ?? NOWHERE;
    if (!found.has(zone)) found.set(zone, []);
    found.get(zone).push(node);
  }
  return [...found].map(([name, list]) => ({ name, nodes: list })).sort((a, b) => a.name.localeCompare(b.name));
}

/** What failed and is not made good, and what finds no node; the same error of a service once. */
function failures(tasks) {
  const found = new Map();
  for (const task of tasks) {
    const failed = ["failed", "rejected", "orphaned"].includes(task.state);
    if (!failed && !(WAITING.has(task.state) && task.error)) continue;
    const error = task.error ?? task.state;
    const key = `${task.service}\n${error}`;
    const row = found.get(key) ?? { key, label: labelOf(task), error, times: 0, since: 0 };
    row.times += 1;
    if (task.since > row.since) Object.assign(row, { since: task.since, label: labelOf(task) });
    found.set(key, row);
  }
  return [...found.values()].sort((a, b) => b.since - a.since);
}

function byLabel(a, b) {
  return a.service.localeCompare(b.service) || (a.slot ?? 0) - (b.slot ?? 0);
}

const ONLY = "service:";

/** The word of a filter that means the tasks of one service. */
export function onlyOf(service) {
  return `${ONLY}${service.toLowerCase()}`;
}

/** Whether a node, or a task of a service, has all the words of a filter in what it shows. */
export function matches(words, service, ...texts) {
  const text = texts.filter(Boolean).join(" ").toLowerCase();
  return words.every((word) => (word.startsWith(ONLY) ? service && word === onlyOf(service) : text.includes(word)));
}
