import { expect } from "vitest";
import type { Login } from "../../src/login/login.ts";
import { Failure } from "../../src/model/failure.ts";
import { type ScriptPeer, startScriptServer } from "../kit/script-server.ts";
import { grantTo, secure, setStage, type TlsPair } from "./stage.ts";
import type { DialogStep, Transcript } from "./transcript.ts";

/** How the client's octets travel: each line by itself, each octet by itself, or all that may be sent ahead in one packet. */
export const MODES = ["whole", "byte by byte", "all in one packet"] as const;
export type Mode = (typeof MODES)[number];

const GREETING = "* OK target ready\r\n";

/**
 * Plays a transcript over real loopback sockets: a client and a target that follow it, and between them the session itself, with a login that
 * decides as the transcript says.
 * @throws an assertion that names the line where the dialog went another way
 */
export async function play(transcript: Transcript, mode: Mode, tls: TlsPair): Promise<void> {
  const faults: string[] = [];
  const arrived = Promise.withResolvers<ScriptPeer>();
  const target = await startScriptServer(async (peer) => {
    // Both travel together, as an OK and what stands behind it do.
    peer.sendRaw(GREETING + transcript.behind);
    arrived.resolve(peer);
  });
  const stage = await setStage(
    transcript.listener,
    tls,
    scriptedLogin(transcript, target.port, faults),
    transcript.offers,
  );
  try {
    let client = await stage.connect();
    for (const step of mode === "all in one packet" ? sentAhead(transcript.steps) : transcript.steps) {
      if (step.who === "target") await act(await arrived.promise, step, false);
      else if (step.does === "starttls")
        client = await secure(client.detach().socket, tls, transcript.listener.protocol);
      else await act(client, step, mode === "byte by byte");
    }
    expect(faults).toEqual([]);
  } finally {
    await stage.close();
    await target.close();
  }
  expect(stage.registry.count).toBe(0);
  checkLog(transcript, stage.log());
}

/** The login that a transcript describes, one call after the other. What goes another way is a fault. */
function scriptedLogin(transcript: Transcript, targetPort: number, faults: string[]): Login {
  const expected = [...transcript.logins];
  return async (request) => {
    const next = expected.shift();
    const asked = `"${request.user.toString("latin1")}" "${request.password.reveal().toString("latin1")}"`;
    if (!next || asked !== `"${next.user}" "${next.password}"`)
      faults.push(`nobody expected the login ${asked}`);
    const told = request.utf8 ? "utf8" : request.hello;
    if (next && (next.told !== null || request.utf8) && told !== next.told)
      faults.push(`the target is told ${told}, not ${next.told}`);
    if (next?.outcome !== "granted") throw new Failure(next?.outcome ?? "internal", "so the transcript says");
    const { capability, behind } = transcript;
    return grantTo(request, targetPort, { capability, leftover: behind, skip: GREETING.length });
  };
}

/** No password stands in the log, and the session's two events do. */
function checkLog(transcript: Transcript, log: string): void {
  const events = log.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line).event]));
  expect(events).toEqual(["session.open", "session.close"]);
  for (const { password } of transcript.logins) if (password.length > 3) expect(log).not.toContain(password);
}

async function act(peer: ScriptPeer, step: DialogStep, byteByByte: boolean): Promise<void> {
  const where = `line ${step.line}`;
  switch (step.does) {
    case "send":
      if (!byteByByte) peer.sendRaw(step.text);
      else await sendSlowly(peer, step.text);
      return;
    case "hear": {
      const heard = await peer.line();
      const open = step.text.endsWith("…");
      const shown = open ? `${heard?.slice(0, step.text.length - 1)}…` : heard;
      expect(`${where}: ${shown}`).toBe(`${where}: ${step.text}`);
      return;
    }
    case "hear-end":
      expect(`${where}: ${await peer.rest()}`).toBe(`${where}: `);
      return;
    case "end":
      peer.end();
      return;
    case "break":
      peer.socket.resetAndDestroy();
      return;
    case "starttls":
      throw new Error(`${where}: only a client begins TLS`);
  }
}

/** One octet a turn of the event loop, so that the session reads it alone. */
async function sendSlowly(peer: ScriptPeer, text: string): Promise<void> {
  for (const octet of text) {
    peer.sendRaw(octet);
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** The client's lines as early as they may travel: all of them up to the next thing that needs an answer first, in one packet. */
function sentAhead(steps: readonly DialogStep[]): DialogStep[] {
  const barrier = steps.findIndex(
    (step) => step.who === "client" && !["send", "hear", "hear-end"].includes(step.does),
  );
  const until = barrier < 0 ? steps.length : barrier + 1;
  const part = steps.slice(0, barrier < 0 ? until : barrier);
  const sent = part.filter((step) => step.who === "client" && step.does === "send");
  const packet = sent.map((step) => (step.does === "send" ? step.text : "")).join("");
  const first = sent[0];
  const ahead: DialogStep[] = first ? [{ who: "client", does: "send", text: packet, line: first.line }] : [];
  const others = part.filter((step) => !sent.includes(step));
  const rest = steps.slice(part.length, until);
  return [...ahead, ...others, ...rest, ...(until < steps.length ? sentAhead(steps.slice(until)) : [])];
}
