import { expect, it } from "vitest";
import { type OnPiece, startBreakingRelay } from "../kit/breaking-relay.ts";
import { type Copying, PASSWORD, startCopying } from "../kit/copying.ts";
import { fillMailbox, type MessageToStore } from "../kit/mailbox.ts";

/** Octets around the size up to which a message is kept whole, and some that are not. */
const SIZES = [1, 100, 65_535, 65_536, 65_537, 200_000];

function letters(count: number, from: number): MessageToStore[] {
  return Array.from({ length: count }, (_, at) => {
    const head = `Message-ID: <${(from + at) % 40}@example.test>\r\n\r\n`;
    const size = at % 20 === 0 ? (SIZES[(at / 20) % SIZES.length] ?? 1) : 300;
    return {
      body: Buffer.from(head + "x".repeat(Math.max(1, size - head.length))),
      internalDate: `0${(at % 5) + 1}-Jun-2016 06:06:06 +0000`,
      flags: at % 3 === 0 ? ["\\Seen", "$Forwarded"] : [],
    };
  });
}

it("four pairs of connections that break on either side, two folders that become one, and stops in between leave every message once", async () => {
  let octets = 0;
  let isCalm = false;
  const breaksEach =
    (limit: number): OnPiece =>
    (connection, piece) => {
      octets += piece.length;
      if (isCalm || octets < limit) return undefined;
      octets = 0;
      connection.break();
      return undefined;
    };
  const places = { source: { host: "127.0.0.1", port: 0 }, target: { host: "127.0.0.1", port: 0 } };
  const source = await startBreakingRelay(places.source, breaksEach(1_500_000));
  const target = await startBreakingRelay(places.target, breaksEach(1_500_000));
  let copying: Copying | undefined;
  try {
    copying = await startCopying({
      users: ["anna"],
      source: { compress: true },
      copy: { pairsPerAccount: 4, compress: "always" },
      via: { source: { port: source.port, tls: "none" }, target: { port: target.port, tls: "none" } },
    });
    places.source.port = copying.source.imapPort;
    places.target.port = copying.target.imapPort;
    await copying.deps.store.domains.update("example.test", { folderMap: [{ from: "Old", to: "New" }] });
    const folders = {
      INBOX: letters(300, 0),
      Old: letters(300, 5),
      New: letters(300, 20),
      Sent: letters(200, 50),
    };
    await fillMailbox(copying.source.endpoint(), copying.address("anna"), PASSWORD, {
      ...folders,
      Empty: [],
    });
    let outcome = "";
    for (let turn = 0; outcome !== "done" && turn < 12; turn += 1) {
      if (turn === 6) isCalm = true;
      const stop = new AbortController();
      const timer = setTimeout(() => stop.abort(), 1_500 + turn * 700);
      outcome = (await copying.pass("anna", turn < 4 ? stop.signal : undefined)).kind;
      clearTimeout(timer);
    }
    expect(outcome).toBe("done");
    expect(source.opened).toBeGreaterThan(4);
    const [there, here] = await Promise.all([copying.read("target", "anna"), copying.read("source", "anna")]);
    const keys = (names: readonly string[], from: typeof here) =>
      names
        .flatMap((name) => from.get(name)?.messages ?? [])
        .map(({ sha256, internalDate, flags }) => [sha256, internalDate, ...flags].join(" "))
        .sort();
    for (const [ours, theirs] of [
      [["INBOX"], ["INBOX"]],
      [["Old", "New"], ["New"]],
      [["Sent"], ["Sent"]],
    ] as const)
      expect(keys(theirs, there)).toEqual(keys(ours, here));
  } finally {
    await copying?.stop();
    await Promise.all([source.stop(), target.stop()]);
  }
});
