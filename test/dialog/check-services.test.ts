import { afterEach, expect, test } from "vitest";
import { checkService } from "../../src/cli/check-service.ts";
import { type Finding, reportTo } from "../../src/cli/finding.ts";
import type { Config } from "../../src/config/config.ts";
import { silentLog } from "../../src/log/log.ts";
import { type ScriptServer, startScriptServer } from "../kit/script-server.ts";

let server: ScriptServer | null = null;

afterEach(async () => {
  await server?.close();
  server = null;
});

/** What `check` finds about a POP3 server in clear that answers CAPA so. */
async function found(capa: readonly string[]): Promise<Finding[]> {
  server = await startScriptServer(async (peer) => {
    peer.send("+OK ready");
    await peer.line();
    for (const line of capa) peer.send(line);
    await peer.rest();
  });
  const pop3 = { host: "127.0.0.1", port: server.port, tls: "none", ca: null, verify: true };
  const config = { hostname: "imbarco.test", listeners: [], target: { pop3 } } as unknown as Config;
  const findings: Finding[] = [];
  const deps = { config, log: silentLog(), signal: new AbortController().signal };
  await checkService(deps, "pop3", reportTo(findings, "target pop3"));
  return findings;
}

test("a server that takes no password without TLS is told, with what to set", async () => {
  expect(await found(["+OK", "TOP", "STLS", "SASL", "."])).toMatchObject([
    { status: "fail", message: expect.stringContaining("set target.pop3.tls to starttls") as string },
  ]);
});

test.each([
  ["USER", ["+OK", "USER", "."]],
  ["SASL PLAIN", ["+OK", "SASL CRAM-MD5 PLAIN", "."]],
  ["nothing at all", ["-ERR what?"]],
])("a POP3 server that offers %s takes passwords", async (_what, capa) => {
  expect(await found(capa)).toMatchObject([{ status: "ok" }]);
});
