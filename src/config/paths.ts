/** `listeners[0].tls`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    return text === "" ? String(step) : `${text}.${String(step)}`;
  }, "");
}

/** A value inside a configuration as written; `undefined` where it is not there. */
export function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce(child, raw);
}

/** The places of a configuration as written that a path with `*` for every item of a list means. */
export function placesOf(raw: unknown, path: readonly string[]): PropertyKey[][] {
  const star = path.indexOf("*");
  if (star < 0) return [[...path]];
  const list = valueAt(raw, path.slice(0, star));
  if (!Array.isArray(list)) return [];
  return list.map((_, index) => [...path.slice(0, star), index, ...path.slice(star + 1)]);
}

/** One step into a configuration as written; `undefined` where there is nothing to step into. */
export function child(value: unknown, step: PropertyKey): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<PropertyKey, unknown>)[step]
    : undefined;
}
