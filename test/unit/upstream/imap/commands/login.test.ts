import { describe, expect, test } from "vitest";
import { Secret } from "../../../../../src/kit/secret.ts";
import { type LoginHow, logIn } from "../../../../../src/upstream/imap/commands/login.ts";
import { targetLoginHow } from "../../../../../src/upstream/target-login.ts";
import { scriptedConnection } from "../../scripted-connection.ts";

function how(password: string, user = "anna"): LoginHow {
  return { kind: "password", user: Buffer.from(user), password: new Secret(Buffer.from(password, "latin1")) };
}

const plain = (text: string) => Buffer.from(text, "latin1").toString("base64");

describe("a login", () => {
  test("goes by PLAIN with the octets as they are, and wipes only its own copies", async () => {
    const { connection, line, say } = scriptedConnection("AUTH=PLAIN SASL-IR");
    const credentials = how("p\xfc\xff %");
    const outcome = logIn(connection, credentials);
    expect(await line()).toBe(`AUTHENTICATE PLAIN ${plain("\0anna\0p\xfc\xff %")}`);
    say("% OK [CAPABILITY IMAP4rev1 IDLE] hi");
    expect(await outcome).toEqual({ kind: "ok", capability: "IMAP4rev1 IDLE" });
    expect(connection.has("idle")).toBe(true);
    expect(credentials.password.reveal().toString("latin1")).toBe("p\xfc\xff %");
  });

  test("waits for the server's word where no initial response is offered", async () => {
    const { connection, line, say } = scriptedConnection("AUTH=PLAIN");
    const outcome = logIn(connection, how("secret"));
    expect(await line()).toBe("AUTHENTICATE PLAIN");
    say("+ ");
    expect(await line()).toBe(plain("\0anna\0secret"));
    say("* CAPABILITY IMAP4rev1 MOVE", "% OK");
    expect(await outcome).toEqual({ kind: "ok", capability: "IMAP4rev1 MOVE" });
  });

  test("goes by LOGIN where PLAIN is not offered: quoted, or as a literal that waits", async () => {
    const { connection, line, literal, say } = scriptedConnection();
    const quoted = logIn(connection, how('a"\\%~'));
    expect(await line()).toBe('LOGIN "anna" "a\\"\\\\%~"');
    say("% NO [AUTHENTICATIONFAILED] no");
    expect(await quoted).toEqual({ kind: "refused", code: "AUTHENTICATIONFAILED" });
    const outcome = logIn(connection, how("\xfc"));
    expect(await line()).toBe('LOGIN "anna" {1}');
    say("+ ");
    expect(await literal(3)).toBe("\xfc\r\n");
    say("% OK");
    expect(await outcome).toEqual({ kind: "ok", capability: null });
  });

  test("with a NUL is refused without asking", async () => {
    const { connection } = scriptedConnection("AUTH=PLAIN");
    expect(await logIn(connection, how("a\0b"))).toEqual({ kind: "refused", code: null });
  });

  test.each([
    ["NO wrong", { kind: "refused", code: null }],
    ["NO [AUTHORIZATIONFAILED] x", { kind: "refused", code: "AUTHORIZATIONFAILED" }],
    ["NO [AUTHENTICATIONFAILED] too many failures", { kind: "refused", code: "AUTHENTICATIONFAILED" }],
    ["NO [EXPIRED] x", { kind: "refused", code: "EXPIRED" }],
    ["NO [ALERT] x", { kind: "refused", code: "ALERT" }],
  ])("answered %s is refused", async (answer, expected) => {
    const { connection, line, say } = scriptedConnection();
    const outcome = logIn(connection, how("secret"));
    await line();
    say(`% ${answer}`);
    expect(await outcome).toEqual(expected);
  });

  test.each([
    ["% NO [UNAVAILABLE] LDAP is down", "source-unreachable"],
    ["% NO [INUSE] x", "source-unreachable"],
    ["% NO [SERVERBUG] x", "source-unreachable"],
    ["% NO [CONTACTADMIN] x", "source-unreachable"],
    ["% NO [LIMIT] x", "source-limit"],
    ["% NO [ALERT] Maximum number of connections from user+IP exceeded", "source-limit"],
    ["* BYE Too many connections", "source-limit"],
    ["* BYE x", "source-unreachable"],
    ["% NO [REFERRAL imap://evil.example/] x", "source-protocol"],
    ["% NO [PRIVACYREQUIRED] x", "source-protocol"],
    ["% BAD x", "source-protocol"],
    ["+ what is your name?", "source-protocol"],
    ["x1 OK", "source-protocol"],
  ])("answered %s says nothing about the password", async (answer, kind) => {
    const { connection, line, say } = scriptedConnection();
    const outcome = logIn(connection, how("kanarie-7d1f"));
    await line();
    say(answer);
    await expect(outcome).rejects.toMatchObject({ kind, message: expect.not.stringContaining("kanarie") });
  });

  test("does not send a password to a server that forbids it", async () => {
    const { connection } = scriptedConnection("LOGINDISABLED AUTH=PLAIN");
    await expect(logIn(connection, how("secret"))).rejects.toThrow(/LOGINDISABLED/);
  });
});

describe("a login at the target", () => {
  const master = {
    as: "master",
    user: "mover",
    password: new Secret(Buffer.from("m")),
    separator: "*",
  } as const;

  test("names the account by authorization identity, or before the separator", async () => {
    const authzid = scriptedConnection("AUTH=PLAIN SASL-IR");
    void logIn(
      authzid.connection,
      targetLoginHow({ ...master, form: "authzid" }, "anna@x.example", null),
    ).catch(() => undefined);
    expect(await authzid.line()).toBe(`AUTHENTICATE PLAIN ${plain("anna@x.example\0mover\0m")}`);
    authzid.connection.close();
    const separator = scriptedConnection();
    void logIn(
      separator.connection,
      targetLoginHow({ ...master, form: "separator" }, "anna@x.example", null),
    ).catch(() => undefined);
    expect(await separator.line()).toBe('LOGIN "anna@x.example*mover" "m"');
    separator.connection.close();
  });

  test("by authorization identity needs PLAIN, and as the user needs a password", async () => {
    const { connection } = scriptedConnection();
    const how = targetLoginHow({ ...master, form: "authzid" }, "anna@x.example", null);
    await expect(logIn(connection, how)).rejects.toThrow(/form: separator/);
    expect(() => targetLoginHow({ as: "user" }, "anna@x.example", null)).toThrow(/anna@x\.example/);
  });
});
