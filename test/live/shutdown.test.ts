import { afterAll, beforeAll, expect, it } from "vitest";
import { CANARY } from "../kit/canary.ts";
import { DOMAIN, must, type Platform, startPlatform } from "../kit/platform.ts";
import { type ScriptPeer, startScriptServer } from "../kit/script-server.ts";
import { waitFor } from "../kit/wait-for.ts";

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform({ users: { ida: `ida-${CANARY}` } });
});

afterAll(() => platform?.stop());

/** An old server that lets everybody in and then falls silent. */
async function fallSilent(peer: ScriptPeer, onSilence: () => void): Promise<void> {
  peer.send("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] here");
  for (let line = await peer.line(); line !== null; line = await peer.line()) {
    const [tag = "", command = ""] = line.split(" ");
    if (command === "CAPABILITY") peer.send("* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN", `${tag} OK done`);
    else if (command === "AUTHENTICATE") peer.send(`${tag} OK come in`);
    else onSilence();
  }
}

it("ends after SIGTERM though an old server has fallen silent, and copies on after the next start", async () => {
  const client = await platform.logIn("ida");
  await platform.synced("ida");
  client.close();
  let silent = false;
  const server = await startScriptServer((peer) =>
    fallSilent(peer, () => {
      silent = true;
    }),
  );
  const moveTo = (port: number, ...tls: string[]) =>
    must(platform.imbarco, ["domain", "set", DOMAIN, "--source", `127.0.0.1:${port}`, ...tls]);
  await moveTo(server.port, "--tls", "none");
  await waitFor(() => silent, "a pass that nobody answers");
  expect(await platform.imbarco.terminate()).toBe(0);
  await server.close();

  await moveTo(platform.source.imapPort, "--tls", "starttls", "--source-ca", platform.source.caFile);
  const { lastPassAt } = await platform.account("ida");
  await platform.imbarco.start();
  await waitFor(async () => (await platform.account("ida")).lastPassAt !== lastPassAt, "the next pass");
});
