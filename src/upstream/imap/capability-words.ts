import { Remembering } from "../../kit/remembering.ts";

/** A server says the same at each login; each of its servers may say it in two ways, before and after. */
const LISTS_KEPT = 64;

const known = new Remembering((text: string): ReadonlySet<string> => {
  const words = text.toUpperCase().split(" ");
  return new Set(words.filter((word) => word !== ""));
}, LISTS_KEPT);

/** The words of a capability list in upper case. */
export function capabilitiesIn(text: string): ReadonlySet<string> {
  return known.of(text);
}
