import type { ConfigDocument } from "./document.ts";
import { pathText, placesOf, valueAt } from "./paths.ts";
import type { Problem } from "./problem.ts";

interface Missing {
  /** `*` stands for every item of a list. */
  readonly path: readonly string[];
  /** Whether the value asks for what is missing. */
  readonly asks: (value: unknown) => boolean;
  readonly feature: string;
  readonly instead: string;
}

const isOneOf =
  (...words: unknown[]) =>
  (value: unknown) =>
    words.includes(value);

/** What the configuration can say already and this version cannot do yet: refused, so that nobody believes it is in force. */
const MISSING: readonly Missing[] = [
  {
    path: ["store", "kind"],
    asks: isOneOf("redis"),
    feature: "keep its store in Redis",
    instead: "use kind: sqlite",
  },
  {
    path: ["target", "provision", "kind"],
    asks: isOneOf("sql", "http", "exec"),
    feature: "provision by SQL, HTTP or a program",
    instead: "use kind: passwd-file or none",
  },
];

/** Every place of the configuration that asks for something this version cannot do. */
export function notYetProblems(document: ConfigDocument): Problem[] {
  return MISSING.flatMap(({ path, asks, feature, instead }) =>
    placesOf(document.raw, path)
      .filter((place) => asks(valueAt(document.raw, place)))
      .map((place) => ({
        path: pathText(place),
        line: document.lineOf(place),
        message: `this version cannot ${feature} yet: ${instead}`,
      })),
  );
}
