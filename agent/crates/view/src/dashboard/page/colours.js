// A colour and a pattern for each service: the same in every browser and after every reload.

const HUES = 12;
const PATTERNS = 5;

/** FNV-1a, for names. */
function hash(text) {
  let value = 0x811c9dc5;
  for (const unit of new TextEncoder().encode(text)) {
    value = Math.imul(value ^ unit, 0x01000193) >>> 0;
  }
  return value;
}

/**
 * Gives each of the services a hue and a pattern, by its name; one that meets another's hue takes
 * the next free one. The order in which they are given decides who meets whom.
 */
export function colours(names) {
  const taken = new Map();
  const given = new Map();
  for (const name of names) {
    const first = hash(name);
    let hue = first % HUES;
    const fewest = Math.min(...Array.from({ length: HUES }, (_, index) => taken.get(index) ?? 0));
    while ((taken.get(hue) ?? 0) > fewest) hue = (hue + 5) % HUES;
    const round = taken.get(hue) ?? 0;
    taken.set(hue, round + 1);
    given.set(name, { hue, pattern: (hue + round) % PATTERNS });
  }
  return given;
}
