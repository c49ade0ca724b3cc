import { expect, it } from "vitest";
import { Followers } from "../../src/copy/following/follow.ts";
import { startBreakingRelay } from "../kit/breaking-relay.ts";
import { deliver, mails } from "../kit/coexistence.ts";
import { startCopying } from "../kit/copying.ts";
import { waitFor } from "../kit/wait-for.ts";

const WITHOUT_IDLE =
  "imap_capability = IMAP4rev1 SASL-IR LITERAL+ ID ENABLE UNSELECT CHILDREN NAMESPACE UIDPLUS\n";

it.each([
  ["with IDLE", {}],
  ["without IDLE", { config: WITHOUT_IDLE }],
])(
  "an INBOX at a source %s is followed again when its connection was dropped without a word",
  async (_, source) => {
    const to = { host: "127.0.0.1", port: 0 };
    let isSilent = false;
    const relay = await startBreakingRelay(to, () => (isSilent ? Buffer.alloc(0) : undefined));
    const copying = await startCopying({
      users: ["anna"],
      source,
      via: { source: { host: to.host, port: relay.port } },
    });
    to.port = copying.source.endpoint("implicit").port;
    let due = 0;
    const pace = { idleMs: 100, pollMs: 100, answerMs: 300 };
    const followers = new Followers(copying.deps, () => (due += 1), pace);
    try {
      await deliver(copying, "anna", { INBOX: mails("first", 1) });
      followers.follow(copying.address("anna"));
      await waitFor(() => due > 0, "the INBOX to be followed");
      const opened = relay.opened;
      isSilent = true;
      await waitFor(
        () => copying.logged.some((line) => line.includes("another one follows")),
        "the silence to be noticed",
      );
      isSilent = false;
      const before = due;
      await waitFor(() => relay.opened > opened && due > before, "another connection");
      const known = due;
      await deliver(copying, "anna", { INBOX: mails("second", 1) });
      await waitFor(() => due > known, "news");
      expect(due).toBeGreaterThan(known);
    } finally {
      await followers.stop();
      await copying.stop();
      await relay.stop();
    }
  },
);
