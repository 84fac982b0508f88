// What is beside the nodes: the header's facts, services, failures, departures, stacks.

import { plural } from "./board.js";
import { make, say, set, sync, terms } from "./dom.js";
import { span } from "./time.js";

const held = { services: new Map(), failures: new Map(), departures: new Map(), stacks: new Map() };

/** Shows all of it. */
export function drawSide(shown) {
  facts(shown);
  drawServices(shown.services);
  rows("failures", shown.failures, { key: (row) => row.key, create: row, update: drawFailure });
  rows("departures", shown.view.departures, {
    key: (one) => one.node_id,
    create: row,
    update: drawDeparture,
  });
  rows("stacks", shown.stacks, { key: (stack) => stack.name, create: row, update: drawStack });
}

function facts({ view, nodes, services }) {
  const all = [...nodes.values()];
  const ready = all.filter((node) => node.state === "ready").length;
  const leader = all.find((node) => node.leads);
  const name = view.cluster ?? "swarm";
  const sum = (value) => services.reduce((total, service) => total + value(service), 0);
  say(document.getElementById("cluster"), name);
  document.title = `${name}: ${ready}/${all.length} nodes`;
  terms(document.getElementById("facts"), [
    ["nodes ready", `${ready} of ${all.length}`],
    ["tasks running", `${sum((service) => service.running)} of ${sum((service) => service.wanted)}`],
    ["leader", leader?.hostname ?? "none"],
    ["epoch", view.epoch ?? "?"],
    ["ticket", typeof view.ticket_age === "number" ? `${span(view.ticket_age)} old` : "not seen"],
  ]);
}

function drawServices(services) {
  const panel = document.getElementById("services");
  panel.querySelector(".none").hidden = services.length > 0;
  sync(panel.querySelector(".legend"), services, held.services, {
    key: (service) => service.id,
    create: () => make("li", {}, make("button", { class: "service", "aria-pressed": "false" },
      make("span", { class: "swatch", "aria-hidden": "true" }), make("span", { class: "name" }), make("span", { class: "number" }))),
    update: drawService,
  });
}

function drawService(element, service) {
  const button = element.firstElementChild;
  const swatch = button.querySelector(".swatch");
  set(button, "data-service", service.name);
  set(swatch, "data-hue", service.hue);
  set(swatch, "data-pattern", service.pattern);
  set(button, "data-short", service.running < service.wanted);
  say(button.querySelector(".name"), service.name);
  say(button.querySelector(".number"), `${service.running}/${service.wanted}`);
  set(button, "aria-label", `${service.name}, ${service.running} of ${service.wanted} running: show only these`);
}

function rows(id, items, how) {
  const panel = document.getElementById(id);
  panel.hidden = items.length === 0;
  sync(panel.querySelector("ul"), items, held[id], how);
}

function row() {
  return make("li", { class: "row" }, make("p", { class: "what" }), make("p", { class: "why" }), make("p", { class: "quiet when" }));
}

function fill(element, kind, what, why, when) {
  set(element, "data-kind", kind);
  say(element.querySelector(".what"), what);
  say(element.querySelector(".why"), why);
  const last = element.querySelector(".when");
  set(last, "data-since", when ?? null);
}

function drawFailure(element, failure) {
  const times = failure.times > 1 ? ` and ${plural(failure.times - 1, "more time")}` : "";
  fill(element, "bad", `${failure.label}${times}`, failure.error, failure.since);
}

function drawDeparture(element, one) {
  const why = [one.cause, one.tasks > 0 ? `${plural(one.tasks, "task")} to go` : "no task left"].filter(Boolean).join(", ");
  fill(element, "going", one.hostname, why, null);
  const when = element.querySelector(".when");
  set(when, "class", one.deadline ? "badge when" : "quiet when");
  set(when, "data-until", one.deadline);
  set(when, "data-text", "leaves in");
}

function drawStack(element, stack) {
  const count = `${stack.running} of ${plural(stack.wanted, "task")} in ${plural(stack.services, "service")}`;
  const why = [stack.error ?? stack.state, stack.services > 0 ? count : null].filter(Boolean).join("; ");
  fill(element, stack.error ? "bad" : "good", stack.name, why, stack.since);
}
