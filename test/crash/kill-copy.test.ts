import { describe, expect, it } from "vitest";
import { crashRun } from "./crash-run.ts";

/** The short form; `npm run test:crash -- --breaks 300` is the long one. */
const SIZE = { messages: 800, largeMegabytes: [10] };

describe.concurrent("a copy whose process is killed and whose connections are cut at random moments", () => {
  it.each([
    ["a target of today, 15 times", false],
    ["a target without UIDPLUS, MULTIAPPEND and LITERAL+, 15 times", true],
  ] as const)("loses no message and doubles none: %s", async (_name, oldTarget) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const result = await crashRun({ breaks: 15, seed, mailbox: SIZE, accounts: 2, oldTarget });
    console.log(`seed ${seed}: ${JSON.stringify(result)}`);
    expect(result.differences, `with the seed ${seed}`).toEqual([]);
  });
});
