import * as fc from "fast-check";

/** Cuts `whole` at the given fractions of its length, as a network may. */
export function cut(whole: Buffer, places: readonly number[]): Buffer[] {
  const inner = places.map((place) => Math.floor(place * whole.length)).sort((a, b) => a - b);
  const at = [0, ...inner, whole.length];
  return at.slice(1).map((end, index) => Buffer.from(whole.subarray(at[index], end)));
}

/** Fractions to cut at. */
export const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

/** The finest cut of all. */
export const byteByByte = (whole: Buffer): Buffer[] => Array.from(whole, (octet) => Buffer.from([octet]));
