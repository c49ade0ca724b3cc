import * as fc from "fast-check";
import { expect, test } from "vitest";
import { linesOf, readAnswer, readQuestion } from "../../src/process/control-lines.ts";
import { readToProcess, readToSupervisor } from "../../src/process/messages.ts";
import { Presence } from "../../src/process/presence.ts";

const NAMES = [
  "kind",
  "job",
  "number",
  "account",
  "accounts",
  "sessions",
  "does",
  "filter",
  "id",
  "end",
  "plan",
];
const WORDS = ["work", "opened", "answer", "ask", "failed", "planned", "list", "kick", "proxy"];
const key = fc.oneof(fc.constantFrom(...NAMES), fc.string());
/** JSON that looks as if it were a message. */
const { value: nearly } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(...WORDS),
    fc.jsonValue(),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(key, tie("value"), { maxKeys: 5 }),
  ),
}));

test("whatever comes over a line between processes is taken as it is or not at all", () => {
  fc.assert(
    fc.property(nearly, (value) => {
      for (const read of [readToProcess, readToSupervisor]) expect([null, value]).toContain(read(value));
      const line = JSON.stringify(value);
      expect([null, line]).toContain(asLine(readQuestion(line)));
      readAnswer(line);
    }),
  );
});

test("however the octets of lines are cut, the same lines come", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string()), fc.array(fc.nat(20)), async (texts, cuts) => {
      const lines = texts.map((text) => text.replaceAll("\n", " "));
      const octets = Buffer.from(lines.map((line) => `${line}\n`).join(""));
      const found: string[] = [];
      for await (const line of linesOf(piecesOf(octets, cuts), 10_000)) found.push(line);
      expect(found).toEqual(lines.map((line) => Buffer.from(line).toString()));
    }),
  );
});

test("sessions that are counted by process sum up to those that are open, whichever processes die", () => {
  const step = fc.record({
    does: fc.constantFrom("opened", "closed", "gone"),
    process: fc.nat(2),
    account: fc.constantFrom("a", "b"),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const presence = new Presence<number>();
      let open: { process: number; account: string }[] = [];
      for (const { does, process, account } of steps) {
        const at = open.findIndex((one) => one.process === process && one.account === account);
        const left = open.filter((one, index) => (does === "gone" ? one.process !== process : index !== at));
        // How many sessions the step is said to have ended, and how many it has.
        const ended = [0, 0];
        if (does === "opened") {
          presence.opened(process, account);
          open.push({ process, account });
        } else {
          ended[0] =
            does === "closed"
              ? Number(presence.closed(process, account))
              : presence.gone(process).reduce((sum, [, count]) => sum + count, 0);
          ended[1] = open.length - left.length;
          open = left;
        }
        expect(ended[0]).toBe(ended[1]);
      }
      for (const account of ["a", "b"]) {
        const count = open.filter((one) => one.account === account).length;
        expect(new Map(presence.all()).get(account) ?? 0).toBe(count);
      }
    }),
  );
});

/** JSON keeps the order of keys, so what was taken as it is has the same text. */
function asLine(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}

async function* piecesOf(octets: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (const length of cuts) {
    yield octets.subarray(at, at + length);
    at += length;
  }
  yield octets.subarray(at);
}
