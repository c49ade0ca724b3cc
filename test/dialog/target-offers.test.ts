import { afterEach, expect, test } from "vitest";
import { silentLog } from "../../src/log/log.ts";
import { type TargetOffers, watchTargetOffers } from "../../src/login/target-offers.ts";
import type { Endpoint } from "../../src/model/endpoint.ts";
import { type ScriptServer, startScriptServer } from "../kit/script-server.ts";
import { waitFor } from "../kit/wait-for.ts";

const IMAP: Endpoint = { host: "127.0.0.1", port: 1, tls: "none", ca: null, verify: true };

let server: ScriptServer | null = null;
let watching: TargetOffers | null = null;

afterEach(async () => {
  await watching?.stop();
  await server?.close();
});

/** A submission server that offers what `say` gives at the moment; `null` = it turns everybody away. */
async function watch(say: () => string | null, everyMs?: number): Promise<TargetOffers> {
  server = await startScriptServer(async (peer) => {
    const offer = say();
    if (offer === null) return peer.destroy();
    peer.send("220 mx.test ESMTP");
    await peer.line();
    peer.send("250-mx.test", `250 ${offer}`);
    await peer.line();
    peer.end();
  });
  watching = watchTargetOffers(
    {
      target: { imap: IMAP, submission: { ...IMAP, port: server.port } },
      protocols: ["imap", "submission", "submission"],
      hostname: "mail.test",
      log: silentLog(),
    },
    everyMs,
  );
  return watching;
}

test("nothing is known at first, then what the target offers", async () => {
  const offers = await watch(() => "SIZE 1");
  expect(offers.of("submission")).toEqual([]);
  await waitFor(() => offers.of("submission").length > 0, "the first answer");
  expect(offers.of("submission")).toEqual(["SIZE 1"]);
  expect(offers.of("pop3")).toEqual([]);
});

test("what changes shows with the next asking, and a target that is down leaves what was known", async () => {
  let now: string | null = "SIZE 1";
  let asked = 0;
  const offers = await watch(() => {
    asked += 1;
    return now;
  }, 5);
  await waitFor(() => offers.of("submission")[0] === "SIZE 1", "the first answer");
  now = null;
  const before = asked;
  await waitFor(() => asked > before + 2, "two vain attempts");
  expect(offers.of("submission")).toEqual(["SIZE 1"]);
  now = "SIZE 2";
  await waitFor(() => offers.of("submission")[0] === "SIZE 2", "the answer after the change");
});

test("a login that shows others counts at once", async () => {
  const offers = await watch(() => "SIZE 1");
  await waitFor(() => offers.of("submission").length > 0, "the first answer");
  const known = offers.of("submission");
  offers.note("submission", ["SIZE 1"]);
  expect(offers.of("submission")).toBe(known);
  offers.note("submission", ["SIZE 3"]);
  expect(offers.of("submission")).toEqual(["SIZE 3"]);
});

test("stopping ends an asking that is under way", async () => {
  server = await startScriptServer(async (peer) => void (await peer.rest()));
  const mute = watchTargetOffers({
    target: { imap: IMAP, submission: { ...IMAP, port: server.port } },
    protocols: ["submission"],
    hostname: "mail.test",
    log: silentLog(),
  });
  await mute.stop();
  expect(mute.of("submission")).toEqual([]);
});
