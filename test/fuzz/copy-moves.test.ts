import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Kind } from "./model-server.ts";
import {
  ALIKE,
  copy,
  flag,
  foreign,
  mail,
  move,
  play,
  remove,
  story,
  targetMove,
  targetRemove,
  uniqueKinds,
  type Value,
} from "./moves-story.ts";

describe("messages that move between folders, over kills at any moment and people at work on both sides", () => {
  /** The counterexample where the property does not hold. */
  async function broken(
    stories: fc.Arbitrary<Value<ReturnType<typeof story>>>,
    kinds: () => (number: number) => Kind,
    checks: Parameters<typeof play>[2],
  ): Promise<string | null> {
    const property = fc.asyncProperty(stories, (events) => play(events, kinds(), checks));
    const run = await fc.check(property, { numRuns: 300 });
    return run.failed ? (fc.defaultReportMessage(run) ?? "failed") : null;
  }

  it("are stored once, and what was deleted or moved on the target does not come back", async () => {
    const stories = story(mail, move, move, remove, flag, targetMove, targetRemove, foreign);
    expect(await broken(stories, uniqueKinds, { notTwice: true, least: () => 1 })).toBeNull();
  });

  it("are told apart from others that are alike, and from their copies", async () => {
    const stories = story(mail, mail, move, move, copy, remove, flag, foreign);
    const kinds = () => (number: number) => ALIKE[number] as Kind;
    expect(await broken(stories, kinds, { notTwice: true, least: (present) => present })).toBeNull();
  });

  it("are never lost, whatever has become of their copies", async () => {
    const stories = story(mail, move, move, copy, remove, flag, targetMove, targetRemove, foreign);
    expect(await broken(stories, uniqueKinds, { notTwice: false, least: () => 1 })).toBeNull();
  });

  it("have the flags of the source in the end, whatever was set and taken away on the way", async () => {
    const stories = story(mail, move, move, flag, flag, remove);
    expect(await broken(stories, uniqueKinds, { notTwice: true, least: () => 1 })).toBeNull();
  });
});
