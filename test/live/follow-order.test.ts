import { expect, it } from "vitest";
import { copyNow } from "../../src/copy/now.ts";
import { startBreakingRelay } from "../kit/breaking-relay.ts";
import { countsOf, deliver, mail, mails } from "../kit/coexistence.ts";
import { startCopying } from "../kit/copying.ts";

const WITHOUT_CONDSTORE =
  "imap_capability = IMAP4rev1 SASL-IR LITERAL+ ID ENABLE UNSELECT CHILDREN NAMESPACE UIDPLUS\n";

it("new mail in INBOX does not wait until all folders are looked at, of a source that does not say which have changed", async () => {
  const to = { host: "127.0.0.1", port: 0 };
  let turns = 0;
  let last = "";
  const relay = await startBreakingRelay(to, (_connection, _piece, from) => {
    if (from === "client" && last !== "client") turns += 1;
    last = from;
    return undefined;
  });
  const copying = await startCopying({
    users: ["anna"],
    source: { config: WITHOUT_CONDSTORE },
    via: { source: { host: to.host, port: relay.port } },
  });
  to.port = copying.source.endpoint("implicit").port;
  try {
    const names = Array.from({ length: 40 }, (_, at) => `Folder ${at}`);
    await deliver(copying, "anna", {
      INBOX: mails("inbox", 3),
      ...Object.fromEntries(names.map((name) => [name, [mail(name)]])),
    });
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 43 });
    await deliver(copying, "anna", { INBOX: [mail("news")] });
    turns = 0;
    let untilNews = Number.POSITIVE_INFINITY;
    const onBatch = () => {
      untilNews = Math.min(untilNews, turns);
    };
    const outcome = await copyNow({ ...copying.deps, onBatch }, copying.address("anna"));
    expect(outcome).toMatchObject({ kind: "done", copied: 1 });
    expect(countsOf(await copying.read("target", "anna"))).toMatchObject({ INBOX: 4 });
    expect(untilNews).toBeLessThan(names.length / 2);
    expect(turns).toBeGreaterThan(names.length);
  } finally {
    await copying.stop();
    await relay.stop();
  }
});
