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
  expect(text()).toMatch(/^anna@example\.org █+ 100% synced.*\n1 account: 1 synced\n$/);
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

test("ends at once when it is interrupted", async () => {
  const { out, text } = output(true);
  await followProgress(out, async () => [account("copying")], {
    until: () => false,
    signal: AbortSignal.abort(),
  });
  expect(text()).toBe("");
});

function output(isTty: boolean): { out: Output; text: () => string } {
  let written = "";
  const stdout = { write: (text: string) => (written += text) };
  const out = new Output({ stdout, stderr: stdout, isTty, columns: 80, colours: false });
  return { out, text: () => written };
}

function account(state: AccountState): Account {
  return { address: "anna@example.org", state, messagesCopied: 4, messagesTotal: 4 } as Account;
}
