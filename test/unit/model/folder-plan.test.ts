import { describe, expect, test } from "vitest";
import type { FolderFacts } from "../../../src/model/folder.ts";
import { FolderPlan, type PlanFacts } from "../../../src/model/folder-plan.ts";
import { specialUses } from "../../../src/model/special-use.ts";

const slash = { separator: "/", prefix: "" };
const courier = { separator: ".", prefix: "INBOX." };

type Named = string | readonly [name: string, ...attributes: string[]];

function listing(named: readonly Named[], separator: string): FolderFacts[] {
  return named.map((one) => {
    const [name, ...attributes] = typeof one === "string" ? [one] : one;
    return { name, separator, attributes };
  });
}

interface Case extends Partial<Omit<PlanFacts, "source" | "target">> {
  readonly source: readonly Named[];
  readonly target?: readonly Named[];
}

function planOf(facts: Case): FolderPlan {
  const { sourceHierarchy = slash, targetHierarchy = slash } = facts;
  const source = listing(facts.source, sourceHierarchy.separator ?? "/");
  const target = listing(facts.target ?? ["INBOX"], targetHierarchy.separator ?? "/");
  return new FolderPlan({
    excluded: new Set(),
    rules: [],
    settled: [],
    ...facts,
    source,
    target,
    sourceHierarchy,
    targetHierarchy,
    sourceUses: specialUses(source, sourceHierarchy),
    targetUses: specialUses(target, targetHierarchy),
  });
}

/** Where everything goes on a target that takes every name. */
function places(facts: Case): Record<string, string | null> {
  const plan = planOf(facts);
  return Object.fromEntries(
    plan.groups().flatMap((group) =>
      group.map(({ name }) => {
        const target = plan.next(name)?.name ?? null;
        if (target !== null) plan.settles(name, target);
        return [name, target];
      }),
    ),
  );
}

describe("by special use", () => {
  test("a folder goes to the target's folder of its use, whatever either is called", () => {
    expect(
      places({
        source: ["Sent Items", ["x", "\\trash"]],
        target: ["INBOX", ["Posta inviata", "\\sent"], "Cestino"],
      }),
    ).toEqual({ "Sent Items": "Posta inviata", x: "Cestino" });
  });

  test("it is made with its use under the source's name where the target has none", () => {
    const plan = planOf({ source: ["Gesendet", "Work"] });
    expect(plan.next("Gesendet")).toEqual({ name: "Gesendet", exists: false });
    expect(plan.useToMake("Gesendet")).toBe("\\sent");
    expect(plan.useToMake("Work")).toBeNull();
  });

  test("a folder that only has the name stands beside it, and its own children go below it", () => {
    const result = places({
      source: [["Outbox", "\\sent"], ["Outbox/2020"], "Sent"],
      target: ["INBOX", ["Sent", "\\sent"]],
    });
    expect(result).toMatchObject({ Outbox: "Sent", "Outbox/2020": "Sent/2020" });
    expect(result["Sent"]).toMatch(/^Sent-[0-9a-f]{8}$/);
  });
});

describe("by rule", () => {
  const rules = [{ from: "Old", to: "New" }];

  test("a folder and all below it go where the rule says, together with what is called so already", () => {
    expect(places({ source: ["New", "New/x", "Old", "Old/x", "Old/y"], rules })).toEqual({
      New: "New",
      "New/x": "New/x",
      Old: "New",
      "Old/x": "New/x",
      "Old/y": "New/y",
    });
  });

  test("levels are parted by / whatever the servers use", () => {
    expect(
      places({
        source: ["INBOX.Old.a/b"],
        sourceHierarchy: courier,
        rules: [{ from: "Old", to: "Very/New" }],
      }),
    ).toEqual({ "INBOX.Old.a/b": "Very/New/a%2Fb" });
    expect(places({ source: ["Old/x"], target: ["INBOX"], targetHierarchy: courier, rules })).toEqual({
      "Old/x": "INBOX.New.x",
    });
  });

  test("Junk means the target's folder of that use where none is called so", () => {
    const toJunk = [{ from: "SpamAssassin", to: "Junk" }];
    const source = ["Spam", "SpamAssassin", "SpamAssassin/old"];
    expect(places({ source, target: ["INBOX", ["Posta indesiderata", "\\junk"]], rules: toJunk })).toEqual({
      Spam: "Posta indesiderata",
      SpamAssassin: "Posta indesiderata",
      "SpamAssassin/old": "Posta indesiderata/old",
    });
    expect(places({ source, rules: toJunk })).toMatchObject({ Spam: "Spam", SpamAssassin: "Spam" });
    expect(places({ source, target: ["INBOX", "Junk"], rules: toJunk })).toMatchObject({
      SpamAssassin: "Junk",
    });
  });

  test("a folder may go into INBOX, and what is below it below INBOX", () => {
    const intoInbox = [{ from: "Old", to: "INBOX" }];
    expect(places({ source: ["INBOX", "Old", "Old/x"], rules: intoInbox })).toEqual({
      INBOX: "INBOX",
      Old: "INBOX",
      "Old/x": "INBOX/x",
    });
    expect(places({ source: ["Old/x"], targetHierarchy: courier, rules: intoInbox })).toEqual({
      "Old/x": "INBOX.x",
    });
  });

  test("a rule counts more than a special use", () => {
    const result = places({
      source: [["Sent", "\\sent"]],
      target: ["INBOX", ["Sent", "\\sent"]],
      rules: [{ from: "Sent", to: "Before/Sent" }],
    });
    expect(result).toEqual({ Sent: "Before/Sent" });
  });

  test("what has its place already keeps it, and its new children follow it there", () => {
    expect(
      places({
        source: ["Old", "Old/x"],
        target: ["INBOX", "Old"],
        settled: [{ source: "Old", target: "Old" }],
        rules,
      }),
    ).toEqual({ "Old/x": "Old/x" });
  });
});

test("what is excluded gets no place, and its name is free for others", () => {
  expect(places({ source: ["Spam", "Work"], excluded: new Set(["Spam"]) })).toEqual({ Work: "Work" });
});

test("commands of one group do not wait for one another: INBOX, uses, levels one after the other, rules", () => {
  const plan = planOf({
    source: ["a/b", "a", "Old", "b", ["z/Sent", "\\sent"], "INBOX", ["Level", "\\noselect"]],
    rules: [{ from: "Old", to: "a" }],
  });
  expect(plan.groups().map((group) => group.map(({ name }) => name))).toEqual([
    ["INBOX"],
    ["z/Sent"],
    ["a", "b"],
    ["a/b"],
    ["Old"],
  ]);
});

test("a name that the target refuses is tried no more, and its children follow the one that it took", () => {
  const plan = planOf({ source: ["~a", "~a/b"] });
  expect(plan.next("~a")?.name).toBe("~a");
  plan.fails("~a", "~a");
  expect(plan.next("~a")?.name).toBe("_a");
  plan.settles("~a", "_a");
  expect(plan.next("~a/b")?.name).toBe("_a/b");
});
