import { expect, test } from "vitest";
import { inFlight } from "../../../../src/copy/sending/in-flight.ts";

test("commands are begun in their order without waiting for one another, a bounded number of them", async () => {
  const begun: number[] = [];
  const answers: (() => void)[] = [];
  const all = inFlight(
    Array.from({ length: 40 }, (_, at) => at),
    (at) =>
      new Promise<string>((resolve) => {
        begun.push(at);
        answers.push(() => resolve(`answer ${at}`));
      }),
  );
  expect(begun).toEqual(Array.from({ length: 16 }, (_, at) => at));
  for (let at = 0; at < 40; at += 1) {
    answers[at]?.();
    await Promise.resolve();
    await new Promise(setImmediate);
  }
  expect(begun).toHaveLength(40);
  expect((await all)[39]).toBe("answer 39");
});

test("after a failure no other begins, and those on their way are waited for", async () => {
  const ended: number[] = [];
  let begun = 0;
  const all = inFlight(
    Array.from({ length: 40 }, (_, at) => at),
    async (at) => {
      begun += 1;
      await new Promise(setImmediate);
      if (at === 3) throw new Error("lost");
      await new Promise(setImmediate);
      ended.push(at);
    },
  );
  await expect(all).rejects.toThrow("lost");
  const atTheEnd = ended.length;
  await new Promise(setImmediate);
  expect(ended).toHaveLength(atTheEnd);
  expect(begun).toBeLessThan(40);
});
