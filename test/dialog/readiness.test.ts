import { afterEach, expect, test } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { silentLog } from "../../src/log/log.ts";
import type { Endpoint } from "../../src/model/endpoint.ts";
import { readiness } from "../../src/serve/readiness.ts";
import type { Store } from "../../src/store/store.ts";
import { freePort } from "../kit/free-port.ts";
import { type ScriptPeer, type ScriptServer, startScriptServer } from "../kit/script-server.ts";

const STORE = { domains: { list: async () => [] } } as unknown as Store;
const BROKEN = { domains: { list: () => Promise.reject(new Error("disk")) } } as unknown as Store;

const servers: ScriptServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serving(script: (peer: ScriptPeer) => Promise<void>): Promise<Endpoint> {
  const server = await startScriptServer(script);
  servers.push(server);
  return at(server.port);
}

const at = (port: number): Endpoint => ({ host: "127.0.0.1", port, tls: "none", ca: null, verify: true });

/** Greets, and answers the question after it. */
const greeting = (...lines: string[]) =>
  serving(async (peer) => {
    for (const line of lines) {
      peer.send(line);
      await peer.line();
    }
  });

const configOf = (target: object) =>
  ({ hostname: "mail.test", target: { pop3: null, submission: null, sieve: null, ...target } }) as Config;

test("every server of the target that is configured is asked, and those that do not answer are named", async () => {
  const config = configOf({
    imap: await greeting("* OK [CAPABILITY IMAP4rev1] hi"),
    pop3: await greeting("+OK hi", "+OK\r\nUSER\r\n."),
    submission: at(await freePort()),
    sieve: await greeting('"SASL" "PLAIN"\r\nOK "mail.test imbarco ready"'),
  });
  expect(await readiness(config, STORE, silentLog())).toEqual({
    store: true,
    target: true,
    "target.pop3": true,
    "target.submission": false,
    "target.sieve": false,
  });
});

test("servers that are not configured are not spoken of, and a store that fails is", async () => {
  const config = configOf({ imap: at(await freePort()) });
  expect(await readiness(config, BROKEN, silentLog())).toEqual({ store: false, target: false });
});
