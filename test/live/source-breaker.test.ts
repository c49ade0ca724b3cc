import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type ScriptServer, startScriptServer } from "../kit/script-server.ts";
import { type LoginStage, requestOf, startLoginStage } from "./login-stage.ts";

const PASSWORD = "old-pw";
const DAMAGED = "damaged@a.it";
const SOUND = "sound@a.it";

let stage: LoginStage;
let source: ScriptServer;
/** Whether the source has trouble with one user's mailbox. */
let isDamaged = false;

beforeAll(async () => {
  stage = await startLoginStage("user");
  for (const address of [DAMAGED, SOUND]) await stage.account(address);
});

afterAll(() => stage?.stop());

beforeEach(async () => {
  isDamaged = false;
  source = await startScriptServer(async (peer) => {
    peer.send("* OK [CAPABILITY IMAP4rev1 LITERAL+] ready");
    for (let line = await peer.line(); line !== null; line = await peer.line()) {
      const [tag, word] = line.split(" ");
      if (word === "LOGOUT") return peer.end();
      const isTurnedAway = isDamaged && word === "LOGIN" && line.includes(DAMAGED);
      peer.send(`${tag} ${isTurnedAway ? "NO [UNAVAILABLE] Internal error occurred" : "OK done"}`);
    }
  });
  const endpoint = { host: "127.0.0.1", port: source.port, tls: "none" as const, ca: null, verify: true };
  await stage.store.domains.update("a.it", { serve: "source-until-synced", source: endpoint });
});

afterEach(() => source.close());

test("a source that turns one user away, whose mailbox is damaged, is not left alone: others get in as before", async () => {
  const logIn = async (address: string) => {
    const grant = await stage.process()(requestOf(address, PASSWORD), new AbortController().signal);
    grant.target.close();
    return grant.servedBy;
  };
  expect(await logIn(DAMAGED)).toBe("source");
  expect(await logIn(SOUND)).toBe("source");
  isDamaged = true;
  for (let times = 0; times < 30; times += 1)
    await expect(logIn(DAMAGED)).rejects.toMatchObject({ kind: "source-unreachable" });
  const { breaker } = await stage.store.budgets.standing(`127.0.0.1:${source.port}`);
  expect(breaker).toMatchObject({ state: "closed", failures: 0 });
  expect(await logIn(SOUND)).toBe("source");
});
