import { expect, test } from "vitest";
import { followProgress } from "../../../src/cli/follow.ts";
import { Output } from "../../../src/cli/output.ts";
import type { Account, AccountState } from "../../../src/model/account.ts";

const SYNCED = (accounts: readonly Account[]) => accounts.every((account) => account.state === "synced");

test("on a terminal draws over its last picture and ends with the last one", async () => {
  const { out, text } = output(true);
  await followProgress(out, async () => [account("synced")], {
    until: SYNCED,
    signal: AbortSignal.timeout(5000),
  });
  expect(text()).toMatch(/^anna@example\.org █+ 100% synced.*\n1 account: 1 synced · 4\/4 messages\n$/);
});

test("elsewhere prints plain lines, and none twice", async () => {
  const { out, text } = output(false);
  let looks = 0;
  await followProgress(out, async () => [account("synced")], {
    until: () => (looks += 1) > 1,
    intervalMs: 0,
    signal: AbortSignal.timeout(5000),
  });
  expect(text()).toBe("anna@example.org: synced 100 %, 4/4\n");
});

test("prints a document for each change of an account where programs read it", async () => {
  const { out, text } = output(true);
  const steps = [account("copying"), account("copying"), account("synced"), account("synced")];
  await followProgress(out, async () => [account("waiting"), steps.shift() ?? account("synced")], {
    until: () => steps.length === 0,
    intervalMs: 0,
    json: true,
    signal: AbortSignal.timeout(5000),
  });
  const documents = text()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(documents).toMatchObject([
    { state: "copying", messagesCopied: 4, fraction: 0.999, rate: null, secondsLeft: null },
    { state: "synced", fraction: 1, rate: null, secondsLeft: null },
  ]);
});

test("says what an account waits for when that changes, elsewhere", async () => {
  const { out, text } = output(false);
  const waiting = { ...account("copying"), message: "waiting for the old server until 12:30" };
  const steps = [account("copying"), waiting, waiting];
  await followProgress(out, async () => [steps.shift() ?? waiting], {
    until: () => steps.length === 0,
    intervalMs: 0,
    signal: AbortSignal.timeout(5000),
  });
  expect(text()).toBe(
    "anna@example.org: copying 99 %, 4/4, finishing\nanna@example.org: copying 99 %, waiting for the old server until 12:30, 4/4\n",
  );
});

test("keeps to the lines of the window, also when it becomes larger", async () => {
  const window = { lines: 6 };
  const { out, text } = output(true, window);
  const accounts = Array.from({ length: 10 }, () => account("synced"));
  const heights: number[] = [];
  await followProgress(out, async () => accounts, {
    until: () => {
      heights.push(text().split("\u001b[0J").at(-1)?.trimEnd().split("\n").length ?? 0);
      window.lines = 24;
      return heights.length > 1;
    },
    intervalMs: 0,
    signal: AbortSignal.timeout(5000),
  });
  expect(heights).toEqual([5, 11]);
});

test("ends at once when it is interrupted", async () => {
  const { out, text } = output(true);
  await followProgress(out, async () => [account("copying")], {
    until: () => false,
    signal: AbortSignal.abort(),
  });
  expect(text()).toBe("");
});

test("says that there is no account yet, once, instead of being silent", async () => {
  const { out, text } = output(false);
  let looks = 0;
  await followProgress(out, async () => [], {
    until: () => (looks += 1) > 2,
    intervalMs: 0,
    signal: AbortSignal.timeout(5000),
  });
  expect(text()).toBe("There is no account yet; those that come are shown.\n");
});

test("says that all accounts wait, once, where nothing else would be said, and shows what begins", async () => {
  const { out, text } = output(false);
  const looks = [[account("waiting")], [account("waiting")], [account("synced")]];
  await followProgress(out, async () => looks.shift() ?? [], {
    until: () => looks.length === 0,
    intervalMs: 0,
    signal: AbortSignal.timeout(5000),
  });
  expect(text()).toBe(
    "1 account, whose users have not logged in yet: what begins is shown.\nanna@example.org: synced 100 %, 4/4\n",
  );
});

function output(isTty: boolean, window = { lines: 24 }): { out: Output; text: () => string } {
  let written = "";
  const stdout = { write: (text: string) => (written += text) };
  const streams = { stdout, stderr: stdout, isTty, columns: 80, colours: false };
  const out = new Output(
    Object.defineProperty({ ...streams, lines: 0 }, "lines", { get: () => window.lines }),
  );
  return { out, text: () => written };
}

function account(state: AccountState): Account {
  const counts = { messagesCopied: 4, messagesTotal: 4, bytesCopied: null, bytesTotal: null, message: null };
  return { address: "anna@example.org", state, ...counts } as Account;
}
