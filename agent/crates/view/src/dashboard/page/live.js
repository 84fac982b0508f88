// The connection: server-sent events, and what is said when they stop.

/** The node says something every 8 s. */
const SILENCE = 25_000;
const RETRY = 2_000;

/** Follows the swarm for ever. `on` has view(view), trouble(text), link(state, since). */
export function follow(on) {
  let source = null;
  let again = 0;
  let heard = 0;
  let lost = null;

  function open() {
    clearTimeout(again);
    source?.close();
    heard = Date.now();
    source = new EventSource("/events");
    source.addEventListener("view", (event) => {
      alive();
      on.view(JSON.parse(event.data));
    });
    source.addEventListener("trouble", (event) => {
      alive();
      on.trouble(JSON.parse(event.data));
    });
    source.addEventListener("beat", alive);
    source.addEventListener("error", gone);
  }

  function alive() {
    heard = Date.now();
    lost = null;
    on.link("live", null);
  }

  function gone() {
    lost ??= Date.now();
    on.link("lost", lost);
    // A refused request ends it for good; after anything else the browser tries again by itself.
    clearTimeout(again);
    if (source.readyState === EventSource.CLOSED) again = setTimeout(open, RETRY);
  }

  setInterval(() => {
    if (Date.now() - heard < SILENCE) return;
    gone();
    open();
  }, 1_000);
  open();
}
