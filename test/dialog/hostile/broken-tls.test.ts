import { once } from "node:events";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { Failure } from "../../../src/model/failure.ts";
import { ScriptPeer, type ScriptServer, startScriptServer } from "../../kit/script-server.ts";
import { waitFor } from "../../kit/wait-for.ts";
import { grantTo, makeTlsPair, type Stage, setStage, type TlsPair } from "../stage.ts";

/* Clients whose TLS breaks where nobody looks for it any more. */

/** A record of TLS 1.3 that no key of the connection has sealed. */
const FORGED_RECORD = Buffer.concat([Buffer.from("1703030020", "hex"), Buffer.alloc(32, 7)]);

let tls: TlsPair;
let stage: Stage | null = null;
let target: ScriptServer | null = null;

beforeAll(async () => {
  tls = await makeTlsPair();
});

afterEach(async () => {
  await stage?.close();
  await target?.close();
  stage = null;
  target = null;
});

interface Client {
  readonly peer: ScriptPeer;
  /** Below TLS. */
  readonly raw: Socket;
}

async function connectSecurely(at: Stage): Promise<Client> {
  const raw = await at.knock();
  // What is written below TLS may meet a connection that is closed already.
  raw.on("error", () => raw.destroy());
  const secured = connectTls({ socket: raw, ca: tls.ca, servername: "localhost", ALPNProtocols: ["imap"] });
  await once(secured, "secureConnect");
  return { peer: new ScriptPeer(secured), raw };
}

describe("a client that sends what is no TLS behind its handshake", () => {
  test("is closed at once before its login", async () => {
    stage = await setStage({ protocol: "imap", tls: "implicit", plaintextLogin: "never" }, tls, () =>
      Promise.reject(new Failure("wrong-password", "nobody may log in here")),
    );
    const { peer, raw } = await connectSecurely(stage);
    expect(await peer.line()).toContain("imbarco ready");
    raw.write(FORGED_RECORD);
    await waitFor(() => stage?.registry.count === 0, "the session to end");
    expect(stage.log()).toContain('"reason":"client left before login"');
  });

  test("is closed at once in its relay, and its target with it", async () => {
    let hasEnded = false;
    target = await startScriptServer(async (peer) => {
      peer.send("* OK target");
      await peer.rest();
      hasEnded = true;
      peer.end();
    });
    const { port } = target;
    stage = await setStage({ protocol: "imap", tls: "implicit", plaintextLogin: "never" }, tls, (request) =>
      grantTo(request, port, { capability: null, leftover: "", skip: "* OK target\r\n".length }),
    );
    const { peer, raw } = await connectSecurely(stage);
    await peer.line();
    peer.send("a LOGIN mario secret");
    expect(await peer.line()).toBe("a OK Logged in");
    raw.write(FORGED_RECORD);
    await waitFor(() => hasEnded && stage?.log().includes("session.close"), "the session to end");
    expect(stage.log()).toContain('"reason":"client ended"');
  });
});

test("a client that has ended before we answer its STARTTLS holds no place for the time of a handshake", async () => {
  const answer = Promise.withResolvers<void>();
  stage = await setStage({ protocol: "imap", tls: "starttls", plaintextLogin: "always" }, tls, async () => {
    await answer.promise;
    throw new Failure("wrong-password", "nobody may log in here");
  });
  const client = await stage.knock();
  client.end("a LOGIN mario secret\r\nb STARTTLS\r\n");
  await waitFor(() => stage?.accepted[0]?.readableEnded, "the client's end to arrive");
  answer.resolve();
  await waitFor(() => stage?.registry.count === 0, "the session to end", { limitMs: 10_000 });
  expect(stage.log()).toContain("ended before its TLS handshake");
});
