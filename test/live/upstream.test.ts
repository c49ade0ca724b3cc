import { describe, expect, test } from "vitest";
import { Secret } from "../../src/kit/secret.ts";
import { silentLog } from "../../src/log/log.ts";
import { createFolder } from "../../src/upstream/imap/commands/create.ts";
import { sendId } from "../../src/upstream/imap/commands/id.ts";
import { listFolders } from "../../src/upstream/imap/commands/list.ts";
import { logIn } from "../../src/upstream/imap/commands/login.ts";
import { logOut } from "../../src/upstream/imap/commands/logout.ts";
import { openFolder } from "../../src/upstream/imap/commands/select.ts";
import { folderStatus } from "../../src/upstream/imap/commands/status.ts";
import { subscribeFolder } from "../../src/upstream/imap/commands/subscribe.ts";
import { FolderGoneError } from "../../src/upstream/imap/refusal.ts";
import { openImap } from "../../src/upstream/open.ts";
import { CANARY } from "../kit/canary.ts";
import {
  ANNA,
  ANNA_PASSWORD,
  BERTA,
  BERTA_PASSWORD,
  MASTER,
  MASTER_PASSWORD,
  upstreamUnderTest,
  withPassword,
} from "./upstream-under-test.ts";

const { dovecot, connect, annas } = upstreamUnderTest();

describe("connecting", () => {
  test.each(["starttls", "implicit", "none"] as const)("reaches the capabilities by %s", async (tls) => {
    const connection = await connect(tls);
    expect(connection.has("imap4rev1")).toBe(true);
    expect(connection.has("STARTTLS")).toBe(tls === "none");
  });

  test("names host, fault and cure when the authority is not known", async () => {
    const endpoint = { ...dovecot().endpoint(), ca: null };
    const attempt = openImap({ log: silentLog() }, "source", endpoint);
    await expect(attempt).rejects.toMatchObject({
      kind: "source-unreachable",
      message: expect.stringMatching(/127\.0\.0\.1:\d+.*authority.*--source-ca FILE/),
    });
    await expect(
      openImap({ log: silentLog() }, "source", { ...endpoint, verify: false }),
    ).resolves.toMatchObject({});
  });

  test("a port where nobody listens is an unreachable target", async () => {
    const endpoint = { ...dovecot().endpoint("none"), port: 1 };
    await expect(openImap({ log: silentLog() }, "target", endpoint)).rejects.toMatchObject({
      kind: "target-unreachable",
      message: expect.stringContaining("127.0.0.1:1"),
    });
  });

  test("an attempt that is no longer wanted ends with the caller's reason", async () => {
    const reason = new Error("shutting down");
    const attempt = openImap({ log: silentLog() }, "source", dovecot().endpoint(), {
      signal: AbortSignal.abort(reason),
    });
    await expect(attempt).rejects.toBe(reason);
  });
});

describe("logging in", () => {
  test("the right password opens, with the capabilities of the logged-in state", async () => {
    const connection = await annas();
    expect(connection.has("UIDPLUS")).toBe(true);
    await logOut(connection);
    await connection.closed;
  });

  test("octets of the password arrive as they are", async () => {
    const connection = await connect();
    expect((await logIn(connection, withPassword(BERTA, BERTA_PASSWORD))).kind).toBe("ok");
  });

  test("LOGIN with a literal carries the same octets where PLAIN is not offered", async () => {
    const connection = await connect();
    connection.setCapabilities("IMAP4REV1");
    expect((await logIn(connection, withPassword(BERTA, BERTA_PASSWORD))).kind).toBe("ok");
  });

  test("AUTHENTICATE PLAIN waits for the server where no initial response is offered", async () => {
    const connection = await connect();
    connection.setCapabilities("IMAP4REV1 AUTH=PLAIN");
    expect((await logIn(connection, withPassword(ANNA, ANNA_PASSWORD))).kind).toBe("ok");
  });

  test("a wrong password is refused, not failed", async () => {
    const connection = await connect();
    expect(await logIn(connection, withPassword(ANNA, `${CANARY}-no`))).toEqual({
      kind: "refused",
      code: "AUTHENTICATIONFAILED",
    });
  });

  test.each(["authzid", "separator"] as const)(
    "a master logs in on the user's behalf by %s",
    async (kind) => {
      const connection = await connect();
      const how = {
        kind,
        user: Buffer.from(ANNA),
        master: Buffer.from(MASTER),
        separator: "*",
        password: new Secret(Buffer.from(MASTER_PASSWORD)),
      };
      expect((await logIn(connection, how)).kind).toBe("ok");
    },
  );

  test("what the server sends behind the login's answer stays for the relay", async () => {
    const connection = await annas();
    const { socket, leftover } = connection.detach();
    expect(leftover).toHaveLength(0);
    socket.resume();
    const answer = new Promise<string>((resolve) =>
      socket.once("data", (octets: Buffer) => resolve(octets.toString())),
    );
    socket.write("x NOOP\r\n");
    expect(await answer).toContain("x OK");
    socket.destroy();
  });
});

describe("folders", () => {
  test("are made, listed with attributes, subscribed and asked about under odd names", async () => {
    const connection = await annas();
    const names = ["Entw&APw-rfe", 'Say "hi" \\o', "a.b.c.d.e.f", "Plain &- simple"];
    for (const name of names) expect(await createFolder(connection, name)).toBe("created");
    for (const name of names) expect(await createFolder(connection, name)).toBe("exists");
    await createFolder(connection, "Posta inviata", "\\Sent");
    await subscribeFolder(connection, "Posta inviata");
    const folders = await listFolders(connection);
    expect(folders.map((folder) => folder.name)).toEqual(expect.arrayContaining(["INBOX", ...names]));
    const sent = folders.find((folder) => folder.name === "Posta inviata");
    expect(sent).toMatchObject({ subscribed: true, attributes: [], separator: "." });
    expect(await folderStatus(connection, 'Say "hi" \\o')).toMatchObject({ messages: 0, uidNext: 1 });
    await expect(openFolder(connection, "no such folder", "examine")).rejects.toThrow(FolderGoneError);
    expect(await sendId(connection, { name: "imbarco" })).toMatchObject({ name: "Dovecot" });
  });

  test("subscriptions are found by LSUB where LIST-EXTENDED is not offered", async () => {
    const connection = await annas();
    await createFolder(connection, "Subscribed");
    await subscribeFolder(connection, "Subscribed");
    connection.setCapabilities("IMAP4REV1");
    const folders = await listFolders(connection);
    expect(folders.find((folder) => folder.name === "Subscribed")?.subscribed).toBe(true);
    expect(folders.find((folder) => folder.name === "INBOX")?.subscribed).toBe(false);
  });
});
