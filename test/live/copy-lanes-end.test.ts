import { expect, it } from "vitest";
import { copyNow } from "../../src/copy/now.ts";
import { sourceName } from "../../src/model/endpoint.ts";
import { startBreakingRelay } from "../kit/breaking-relay.ts";
import { PASSWORD, startCopying } from "../kit/copying.ts";
import { fillMailbox } from "../kit/mailbox.ts";
import { waitFor } from "../kit/wait-for.ts";

it("a pair of connections that is let in when its pass has failed already goes at once", async () => {
  const place = { host: "127.0.0.1", port: 0 };
  const relay = await startBreakingRelay(place, (connection, piece, from) => {
    if (from === "client" && piece.includes("CREATE")) connection.break();
    return undefined;
  });
  const copying = await startCopying({ users: ["anna"], via: { target: { port: relay.port, tls: "none" } } });
  place.port = copying.target.imapPort;
  try {
    const address = copying.address("anna");
    const letters = Array.from({ length: 300 }, (_, at) => ({
      body: Buffer.from(`Subject: ${at}\r\n\r\nx\r\n`),
    }));
    await fillMailbox(copying.source.endpoint(), address, PASSWORD, { A: letters, B: letters });
    const failed = Promise.withResolvers<void>();
    const { governor, store, clock } = copying.deps;
    let isAsked = false;
    const slow = new Proxy(governor, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (name !== "tryPermit") return typeof value === "function" ? value.bind(target) : value;
        return async (...args: Parameters<typeof governor.tryPermit>) => {
          await failed.promise;
          const permit = await target.tryPermit(...args);
          isAsked = true;
          return permit;
        };
      },
    });
    expect(await copyNow({ ...copying.deps, governor: slow }, address)).toMatchObject({ kind: "failed" });
    failed.resolve();
    const [domain] = await store.domains.list();
    const held = async () =>
      domain === undefined ? null : await store.budgets.use(sourceName(domain.source), address, clock.now());
    await waitFor(() => isAsked, "the further pair was asked for");
    await waitFor(async () => (await held())?.copies === 0, "every permit is given back", {
      limitMs: 10_000,
    });
  } finally {
    await copying.stop();
    await relay.stop();
  }
});
