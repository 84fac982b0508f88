// The page: takes what the node tells and has it shown.

import { draw, plural, tick } from "./board.js";
import { drawDetails, open } from "./details.js";
import { say, set } from "./dom.js";
import { listen } from "./keys.js";
import { follow } from "./live.js";
import { matches, model, onlyOf } from "./model.js";
import { drawSide } from "./side.js";
import { clock, now, tune } from "./time.js";

const filter = document.getElementById("filter");
const trouble = document.getElementById("trouble");
const link = document.getElementById("link");
const said = document.getElementById("said");
let shown = null;
let lostAt = null;

function take(view) {
  tune(view.at);
  const before = shown;
  const focused = document.activeElement;
  shown = model(view);
  document.getElementById("waiting").hidden = true;
  complain(null);
  const moved = draw(shown);
  drawSide(shown);
  drawDetails(shown);
  sift();
  tick();
  // An element that moved to another place has lost the focus on the way.
  if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true });
  if (before) announce(before, moved);
}

/** What somebody who does not see the page should hear. */
function announce(before, moved) {
  const news = [];
  for (const node of shown.nodes.values()) {
    const was = before.nodes.get(node.id);
    if (!was) news.push(`${node.hostname} has joined`);
    else if (was.state !== node.state) news.push(`${node.hostname} is ${node.state}`);
  }
  for (const node of before.nodes.values()) {
    if (!shown.nodes.has(node.id)) news.push(`${node.hostname} is gone`);
  }
  if (moved > 0) news.push(`${plural(moved, "task")} moved`);
  if (news.length > 0) say(said, news.join("; "));
}

function complain(text) {
  trouble.hidden = text === null;
  say(trouble, text);
  document.body.classList.toggle("stale", text !== null && shown !== null);
}

function connection(state, since) {
  lostAt = state === "live" ? null : since;
  set(link, "data-state", state);
  document.body.classList.toggle("lost", state !== "live");
  linkText();
}

function linkText() {
  if (lostAt === null) {
    if (link.dataset.state === "live") say(link, "live");
    return;
  }
  const seconds = Math.round((Date.now() - lostAt) / 1000);
  say(link, `lost ${seconds} s ago, at ${clock(now() - seconds)}`);
}

/** Dims what the filter does not mean. */
function sift() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  set(document.getElementById("board"), "data-sifted", words.length > 0);
  for (const button of document.querySelectorAll(".service")) {
    set(button, "aria-pressed", String(words.length === 1 && words[0] === onlyOf(button.dataset.service)));
  }
  if (!shown) return;
  let found = 0;
  const boxes = new Map([...document.querySelectorAll("#board [data-key]")].map((slot) => [slot.dataset.key, slot]));
  for (const node of shown.nodes.values()) {
    const own = [node.hostname, node.id, node.instance_id, node.instance_type, node.zone, node.pool, node.role, node.state, node.availability];
    let any = matches(words, null, ...own);
    for (const task of [...node.tasks, ...node.ghosts]) {
      const hit = matches(words, task.service, task.label, task.state, task.image, ...own);
      any ||= hit;
      found += hit && words.length > 0 ? 1 : 0;
      set(boxes.get(task.key), "data-out", !hit);
    }
    set(document.getElementById(`node-${node.id}`)?.parentElement, "data-out", !any);
  }
  say(document.getElementById("found"), words.length > 0 ? `${plural(found, "task")} found` : "");
}

filter.addEventListener("input", sift);
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  const service = event.target.closest(".service");
  if (opener) open(opener.dataset.opens, key(opener));
  if (service) {
    filter.value = service.getAttribute("aria-pressed") === "true" ? "" : onlyOf(service.dataset.service);
    sift();
  }
});

function key(opener) {
  const holder = opener.dataset.opens === "node" ? opener.closest("[data-node]") : opener.closest("[data-key]");
  return holder.dataset.node ?? holder.dataset.key;
}

setInterval(() => {
  linkText();
  tick();
}, 1_000);
listen();
follow({ view: take, trouble: complain, link: connection });
