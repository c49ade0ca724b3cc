import { describe, expect, test } from "vitest";
import { BoundedQueue } from "../../../../../src/upstream/imap/connection/bounded-queue.ts";
import {
  GatedSupply,
  mapped,
  type Supply,
  supplyOf,
} from "../../../../../src/upstream/imap/connection/supply.ts";

function queueOf(...items: number[]): BoundedQueue<number> {
  const queue = new BoundedQueue<number>(10, () => 1);
  for (const item of items) void queue.put(item);
  return queue;
}

async function allOf<T>(supply: Supply<T>): Promise<T[]> {
  const all: T[] = [];
  for (;;) {
    const item = supply.take();
    if (item !== undefined) all.push(item);
    else if (!(await supply.more())) return all;
  }
}

describe("a queue as a supply", () => {
  test("gives what is there at once", () => {
    const queue = queueOf(1, 2);
    expect([queue.take(), queue.take(), queue.take()]).toEqual([1, 2, undefined]);
  });

  test("is waited for until something comes, or nothing will any more", async () => {
    const queue = queueOf();
    const more = queue.more();
    void queue.put(1);
    expect([await more, queue.take()]).toEqual([true, 1]);
    const none = queue.more();
    queue.end();
    expect(await none).toBe(false);
  });

  test("gives what came before a failure, then the failure", async () => {
    const queue = queueOf(1);
    queue.fail(new Error("lost"));
    expect([await queue.more(), queue.take()]).toEqual([true, 1]);
    await expect(queue.more()).rejects.toThrow("lost");
  });

  test("lets its producer go on when it is taken from, and when it is abandoned", async () => {
    const queue = new BoundedQueue<number>(1, () => 1);
    expect(queue.put(1)).toBe(undefined);
    const room = queue.put(2);
    queue.take();
    await room;
    const rest = queue.put(3);
    queue.abandon();
    await rest;
    expect([queue.take(), await queue.more()]).toEqual([undefined, false]);
  });
});

describe("an iterable as a supply", () => {
  test("gives its items in their order", async () => {
    async function* items() {
      yield* [1, 2, 3];
    }
    expect(await allOf(supplyOf(items()))).toEqual([1, 2, 3]);
  });

  test("passes on what its producer throws", async () => {
    async function* items() {
      yield 1;
      throw new Error("no more");
    }
    await expect(allOf(supplyOf(items()))).rejects.toThrow("no more");
  });

  test("tells its producer that it is abandoned", async () => {
    const ended = Promise.withResolvers<void>();
    async function* items() {
      try {
        yield 1;
        yield 2;
      } finally {
        ended.resolve();
      }
    }
    const supply = supplyOf(items());
    await supply.more();
    supply.abandon();
    await expect(ended.promise).resolves.toBe(undefined);
  });
});

describe("a gate", () => {
  test("is asked before every item, and no item passes while it is closed", async () => {
    const open = Promise.withResolvers<void>();
    let asked = 0;
    const gate = () => {
      asked += 1;
      return asked === 2 ? open.promise : undefined;
    };
    const supply = new GatedSupply(queueOf(1, 2), gate);
    expect([supply.take(), supply.take(), supply.take()]).toEqual([1, undefined, undefined]);
    const more = supply.more();
    open.resolve();
    expect([await more, supply.take(), asked]).toEqual([true, 2, 2]);
  });

  test("that is closed every time lets one item pass for each wait", async () => {
    const queue = queueOf(1, 2, 3);
    queue.end();
    expect(await allOf(new GatedSupply(queue, () => Promise.resolve()))).toEqual([1, 2, 3]);
  });

  test("that fails ends the supply with its reason", async () => {
    const supply = new GatedSupply(queueOf(1), () => Promise.reject(new Error("lease lost")));
    await expect(allOf(supply)).rejects.toThrow("lease lost");
  });

  test("tells when nobody takes anything any more, and its items' producer too", async () => {
    const queue = queueOf(1);
    const supply = new GatedSupply(queue, () => undefined);
    supply.abandon();
    await supply.over;
    expect([supply.take(), queue.take()]).toEqual([undefined, undefined]);
  });
});

test("items are made into others when they are taken", async () => {
  const made: number[] = [];
  const queue = queueOf(1, 2);
  queue.end();
  const supply = mapped(queue, (item) => {
    made.push(item);
    return item * 10;
  });
  expect([supply.take(), made]).toEqual([10, [1]]);
  expect(await allOf(supply)).toEqual([20]);
});
