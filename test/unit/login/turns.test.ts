import { expect, test } from "vitest";
import { Turns } from "../../../src/login/turns.ts";

test("works of one name follow each other in order, even behind one that fails; other names do not wait", async () => {
  const turns = new Turns();
  const told: string[] = [];
  const first = Promise.withResolvers<void>();
  const works = [
    turns.run("a", async () => {
      await first.promise;
      told.push("a1");
      throw new Error("a1 failed");
    }),
    turns.run("a", async () => told.push("a2")),
    turns.run("b", async () => told.push("b1")),
    turns.run("a", async () => told.push("a3")),
  ];
  await works[2];
  expect(told).toEqual(["b1"]);
  first.resolve();
  await expect(works[0]).rejects.toThrow("a1 failed");
  await Promise.all(works.slice(1));
  expect(told).toEqual(["b1", "a1", "a2", "a3"]);
});
