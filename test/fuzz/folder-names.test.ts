import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  type FolderFacts,
  folderKey,
  type Hierarchy,
  isInbox,
  isSelectable,
} from "../../src/model/folder.ts";
import { type FolderRule, isExcluded, mappedLevels, pathOf } from "../../src/model/folder-map.ts";
import { levelsOf } from "../../src/model/folder-names.ts";
import { FolderPlan } from "../../src/model/folder-plan.ts";
import { SPECIAL_USES, specialUses } from "../../src/model/special-use.ts";

/** A target as strict, as careless about case and as full as chance makes it. */
interface Server {
  readonly hierarchy: Hierarchy;
  readonly ignoresCase: boolean;
  readonly refuses: RegExp | null;
  /** What it has and lists. */
  readonly listed: readonly FolderFacts[];
  /** What it has and does not list. */
  readonly hidden: readonly string[];
}

const LEVELS = [
  "INBOX",
  "inbox",
  "Sent",
  "sent",
  "Gesendet",
  "Junk",
  "Spam",
  "a",
  "A",
  "a.b",
  "a/b",
  "a%2Eb",
  "a%2Fb",
  "a_b",
  "~a",
  "cur",
  "100%",
  "Caff&AOg-",
  "&bad",
  "x-1",
  "",
];
const level = fc.oneof(
  fc.constantFrom(...LEVELS),
  fc.string({ maxLength: 4, unit: "binary-ascii" }).map((text) => text.replaceAll(/[\0\r\n]/g, "")),
);
const hierarchy: fc.Arbitrary<Hierarchy> = fc.constantFrom(
  { separator: "/", prefix: "" },
  { separator: ".", prefix: "" },
  { separator: ".", prefix: "INBOX." },
  { separator: "/", prefix: "INBOX/" },
  { separator: null, prefix: "" },
);
const attributes = fc.oneof(
  { weight: 4, arbitrary: fc.constant([]) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...SPECIAL_USES, "\\noselect", "\\all").map((one) => [one as string]),
  },
);

function foldersIn(at: Hierarchy): fc.Arbitrary<FolderFacts[]> {
  const one = fc.record({ levels: fc.array(level, { minLength: 1, maxLength: 3 }), attributes });
  return fc.array(one, { maxLength: 12 }).map((found) => {
    const named = found.map(({ levels, attributes: said }): FolderFacts => {
      const inner = levels.map((text) => (at.separator === null ? text : text.replaceAll(at.separator, "_")));
      return { name: at.prefix + inner.join(at.separator ?? "+"), separator: at.separator, attributes: said };
    });
    const all = [{ name: "INBOX", separator: at.separator, attributes: [] }, ...named];
    const distinct = new Map(
      all.filter(({ name }) => name !== "").map((folder) => [folderKey(folder.name), folder]),
    );
    return [...distinct.values()];
  });
}

const path = fc
  .array(fc.constantFrom("Sent", "Junk", "Spam", "a", "A", "a%2Fb", "INBOX", "Caffè"), {
    minLength: 1,
    maxLength: 2,
  })
  .map((levels) => levels.join("/"));
const rules = fc.uniqueArray(fc.record({ from: path, to: path }), {
  maxLength: 3,
  selector: ({ from }) => from,
});

const server: fc.Arbitrary<Server> = hierarchy.chain((at) =>
  fc.record({
    hierarchy: fc.constant(at),
    ignoresCase: fc.boolean(),
    refuses: fc.constantFrom(null, /~|cur/, /[^A-Za-z0-9 ./_-]/, /[^A-Za-z0-9/.-]/, /\.[^.]*\./),
    listed: foldersIn(at),
    hidden: fc.array(fc.constantFrom("a", "Sent", "a_b"), { maxLength: 2 }),
  }),
);

const story = hierarchy.chain((at) =>
  fc.record({
    sourceHierarchy: fc.constant(at),
    /** What the source lists and what the rules are in each pass. */
    passes: fc.array(fc.record({ source: foldersIn(at), rules, exclude: fc.array(path, { maxLength: 1 }) }), {
      minLength: 1,
      maxLength: 3,
    }),
    server,
  }),
);

/** Plays the passes as `placeFolders` does; commands of a group are answered in the order in which they were sent. */
function play(at: {
  sourceHierarchy: Hierarchy;
  server: Server;
  passes: readonly { source: FolderFacts[]; rules: FolderRule[]; exclude: string[] }[];
}) {
  const key = (name: string) => (at.server.ignoresCase ? name.toLowerCase() : folderKey(name));
  // No server lists two folders that are one in its eyes.
  const listed = [...new Map(at.server.listed.map((folder) => [key(folder.name), folder])).values()];
  const there = new Set([...listed.map(({ name }) => name), ...at.server.hidden].map(key));
  const create = (name: string) => {
    if (there.has(key(name))) return "exists";
    if (at.server.refuses?.test(name)) return "refused";
    there.add(key(name));
    listed.push({ name, separator: at.server.hierarchy.separator, attributes: [] });
    return "created";
  };
  const ledger = new Map<string, string>();
  const homeless: string[] = [];
  for (const pass of at.passes) {
    const excluded = new Set(
      pass.source
        .filter(({ name }) => isExcluded(levelsOf(name, at.sourceHierarchy), pass.exclude))
        .map(({ name }) => name),
    );
    const plan = new FolderPlan({
      source: pass.source,
      target: [...listed],
      sourceHierarchy: at.sourceHierarchy,
      targetHierarchy: at.server.hierarchy,
      sourceUses: specialUses(
        pass.source.filter(({ name }) => !excluded.has(name)),
        at.sourceHierarchy,
      ),
      targetUses: specialUses(listed, at.server.hierarchy),
      excluded,
      rules: pass.rules,
      settled: [...ledger].map(([source, target]) => ({ source, target })),
    });
    for (const group of plan.groups()) {
      const asked = new Map<string, string>();
      const waiting = group.map(({ name }) => ({ source: name, attempt: plan.next(name) }));
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
        const { source, attempt } = one;
        if (attempt === null) {
          homeless.push(source);
          continue;
        }
        const { name, exists } = attempt;
        const outcome = exists ? "created" : (asked.get(folderKey(name)) ?? create(name));
        if (!exists) asked.set(folderKey(name), outcome);
        if (outcome === "created" || (outcome === "exists" && plan.isListed(name))) {
          plan.settles(source, name);
          ledger.set(source, name);
        } else {
          plan.fails(source, name);
          waiting.push({ source, attempt: plan.next(source) });
        }
      }
    }
  }
  return { ledger, homeless, there, key };
}

function isMapped(source: string, at: Hierarchy, passes: readonly { rules: FolderRule[] }[]): boolean {
  return passes.some((pass) => mappedLevels(levelsOf(source, at), pass.rules) !== null);
}

test("two source folders never share a target folder unless a rule says so, and all places are there", () => {
  fc.assert(
    fc.property(story, (at) => {
      const { ledger, there, key } = play(at);
      const holders = new Map<string, string[]>();
      for (const [source, target] of ledger) {
        expect(isInbox(target) || there.has(key(target))).toBe(true);
        holders.set(key(target), [...(holders.get(key(target)) ?? []), source]);
      }
      for (const sources of holders.values()) {
        const natural = sources.filter((source) => !isMapped(source, at.sourceHierarchy, at.passes));
        expect(natural.slice(1)).toEqual([]);
      }
    }),
    { numRuns: 1000 },
  );
});

test("what one rule sends elsewhere stays apart there", () => {
  fc.assert(
    fc.property(story, ({ passes: [pass], ...at }) => {
      const rules = pass?.rules.slice(0, 1) ?? [];
      const { ledger, key } = play({ ...at, passes: pass === undefined ? [] : [{ ...pass, rules }] });
      const mapped = [...ledger].filter(([source]) => isMapped(source, at.sourceHierarchy, [{ rules }]));
      expect(new Set(mapped.map(([, target]) => key(target))).size).toBe(mapped.length);
    }),
    { numRuns: 500 },
  );
});

test("every folder that can hold messages and is not excluded has one place, and keeps it", () => {
  fc.assert(
    fc.property(story, (at) => {
      const first = play({ ...at, passes: at.passes.slice(0, 1) });
      const all = play(at);
      for (const [source, target] of first.ledger) expect(all.ledger.get(source)).toBe(target);
      for (const { source, exclude } of at.passes)
        for (const { name } of source.filter(isSelectable)) {
          const isOut = isExcluded(levelsOf(name, at.sourceHierarchy), exclude);
          expect(isOut || all.ledger.has(name)).toBe(true);
        }
      // Letters, digits and a hyphen are taken by every target.
      expect(all.homeless).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test("a path names every folder of a server with another text", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.array(fc.stringMatching(/^[a-c%/25F.]{1,5}$/), { minLength: 1, maxLength: 3 }), {
        selector: (levels) => JSON.stringify(levels),
      }),
      (all) => {
        expect(new Set(all.map(pathOf)).size).toBe(all.length);
      },
    ),
  );
});
