import { expect, test } from "vitest";
import { doingIn } from "../../../src/process/doing.ts";
import type { ToProcess } from "../../../src/process/messages.ts";
import { type Doing, Watch } from "../../../src/process/watch.ts";

const WATCHING = { askMs: 5_000, silenceLimitMs: 15_000 };

/** A process that hears and only speaks where the test says so. */
class Listener {
  readonly heard: ToProcess[] = [];
  doing: Doing = "stopped";

  send(message: ToProcess): void {
    this.heard.push(message);
  }
}

function watchOf(watching = WATCHING): Watch<Listener> {
  return new Watch<Listener>(watching, ({ doing }) => doing);
}

/** Looks again and again. @returns the looks, from 1, at which somebody was found to hang */
function lookAt(watch: Watch<Listener>, processes: readonly Listener[], times: number): number[] {
  const looks = Array.from({ length: times }, (_, index) => index + 1);
  return looks.filter(() => watch.look(processes).length > 0);
}

test("a process that was stopped is found to hang once, as soon as it has been silent for the limit after a question", () => {
  const [hung, sound] = [new Listener(), new Listener()];
  const watch = watchOf();
  const found = Array.from({ length: 20 }, () => {
    const now = watch.look([hung, sound]);
    watch.heard(sound);
    return now;
  });
  expect(found[3]).toEqual([{ process: hung, silentMs: 15_000, what: "hangs" }]);
  expect(found.flat()).toHaveLength(1);
});

test("one that does not read gets one question, whoever answers gets the next", () => {
  const [hung, sound] = [new Listener(), new Listener()];
  const watch = watchOf();
  for (let look = 0; look < 20; look += 1) {
    watch.look([hung, sound]);
    watch.heard(sound);
  }
  expect(hung.heard).toEqual([{ kind: "ping" }]);
  expect(sound.heard).toEqual(Array.from({ length: 20 }, () => ({ kind: "ping" })));
});

test("a process that was busy for almost the limit is left alone, however often that happens", () => {
  const busy = new Listener();
  const watch = watchOf();
  for (let round = 0; round < 50; round += 1) {
    expect(lookAt(watch, [busy], 3)).toEqual([]);
    watch.heard(busy);
  }
  expect(lookAt(watch, [busy], 5)).toEqual([4]);
});

test("hours between two looks, of a suspended machine or a supervisor that stood still, are one look", () => {
  const process = new Listener();
  const watch = watchOf();
  // Its answers have waited meanwhile, and are heard after the look that comes first.
  for (let suspended = 0; suspended < 50; suspended += 1) {
    expect(lookAt(watch, [process], 2)).toEqual([]);
    watch.heard(process);
  }
});

test("who is not looked at yet, since it still starts, has the whole limit from the first look on", () => {
  const [early, late] = [new Listener(), new Listener()];
  const watch = watchOf();
  expect(lookAt(watch, [early], 3)).toEqual([]);
  expect(watch.look([early, late])).toEqual([{ process: early, silentMs: 15_000, what: "hangs" }]);
  expect(lookAt(watch, [late], 3)).toEqual([3]);
});

test("a limit that is no multiple of the time between looks counts as the next one", () => {
  const hung = new Listener();
  const watch = watchOf({ askMs: 5_000, silenceLimitMs: 11_000 });
  expect(lookAt(watch, [hung], 10)).toEqual([4]);
});

test("one that computes at three looks in a row hangs, one that also sleeps in between does not", () => {
  const [endless, busy] = [new Listener(), new Listener()];
  endless.doing = "computes";
  const watch = watchOf();
  const found = Array.from({ length: 12 }, (_, index) => {
    busy.doing = index % 3 === 0 ? "waits" : "computes";
    return watch.look([endless, busy]);
  }).flat();
  expect(found).toEqual([
    { process: busy, silentMs: 15_000, what: "waits" },
    { process: endless, silentMs: 25_000, what: "hangs" },
  ]);
});

test("one that waits is named once, until it is heard again", () => {
  const waiting = new Listener();
  waiting.doing = "waits";
  const watch = watchOf();
  expect(lookAt(watch, [waiting], 100)).toEqual([4]);
  watch.heard(waiting);
  expect(lookAt(watch, [waiting], 100)).toEqual([4]);
});

test("where the system does not say what a process does, it is left alone", () => {
  const silent = new Listener();
  silent.doing = null;
  expect(watchOf().look([silent])).toEqual([]);
  const watch = watchOf();
  expect(Array.from({ length: 20 }, () => watch.look([silent])).flat()).toMatchObject([{ what: "waits" }]);
});

test.each([
  ["12 (node) R 1 12 12", "computes"],
  ["12 (a) b) (c) T 1 12 12", "stopped"],
  ["12 (node) S 1 12 12", "waits"],
  ["12 (node) D 1 12 12", "waits"],
  ["12 (node) t 1 12 12", "waits"],
  ["12 (node) Z 1 12 12", null],
  ["", null],
])("the state in %j is read behind the name", (stat, doing) => {
  expect(doingIn(stat)).toBe(doing);
});
