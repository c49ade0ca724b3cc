import { expect, test } from "vitest";
import { gathered } from "../../../src/provision/gathered.ts";

test("calls that come during a write share the next one, and only that one's failure", async () => {
  const batches: number[][] = [];
  const ends: PromiseWithResolvers<string>[] = [];
  const submit = gathered((items: number[]) => {
    batches.push(items);
    const end = Promise.withResolvers<string>();
    ends.push(end);
    return end.promise;
  });
  const settled = async (count: number) => {
    while (batches.length < count) await new Promise(setImmediate);
  };

  const first = submit(1);
  await settled(1);
  const later = [submit(2), submit(3)];
  ends[0]?.reject(new Error("no room"));
  await expect(first).rejects.toThrow("no room");
  await settled(2);
  ends[1]?.resolve("second");
  expect(await Promise.all(later)).toEqual(["second", "second"]);
  const last = submit(4);
  await settled(3);
  ends[2]?.resolve("third");
  expect(await last).toBe("third");
  expect(batches).toEqual([[1], [2, 3], [4]]);
});
