// Times, as the node's clock has them: the browser's may be wrong.

let ahead = 0;

/** Takes the node's time, in seconds, as what it is now. */
export function tune(at) {
  if (typeof at === "number") ahead = at - Date.now() / 1000;
}

/** Now, in seconds, by the node's clock. */
export function now() {
  return Date.now() / 1000 + ahead;
}

/** A length of time, in its two largest useful units. */
export function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

/** How long ago something was. */
export function ago(seconds) {
  return typeof seconds === "number" ? `${span(now() - seconds)} ago` : "";
}

/** What is left until then, as `mm:ss`. */
export function left(until) {
  const whole = Math.max(0, Math.round(until - now()));
  return `${Math.floor(whole / 60)}:${pad(whole % 60)}`;
}

/** A time of day. */
export function clock(seconds) {
  return new Date((seconds - ahead) * 1000).toLocaleTimeString();
}

function pad(number) {
  return String(number).padStart(2, "0");
}
