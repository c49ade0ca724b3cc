import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CANARY } from "../kit/canary.ts";
import { fillMailbox } from "../kit/mailbox.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";

const run = promisify(execFile);

const USERS = { ida: `ida ${CANARY}`, ugo: `ugo-${CANARY}` } as const;
const TLS = ["starttls", "implicit"] as const;

/** The programs' own configuration: outside of imbarco's folder, which is searched for passwords. */
let folder: string;
let platform: Platform;

const address = (user: keyof typeof USERS) => `${user}@${DOMAIN}`;
const port = (tls: "starttls" | "implicit") => platform.imbarco.door("pop3", tls).port;

beforeAll(async () => {
  folder = await makeTempFolder("pc");
  platform = await startPlatform({
    users: USERS,
    target: { pop3: true },
    doors: (target) => ({ pop3: target.pop3Endpoint() }),
  });
  const place = { ...platform.source.endpoint(), tls: "starttls" as const };
  for (const user of ["ida", "ugo"] as const)
    await fillMailbox(place, address(user), USERS[user], {
      INBOX: [
        { body: Buffer.from("From: a@b.test\r\nSubject: A letter\r\n\r\nhello you\r\n.\r\n..\r\n") },
        { body: Buffer.from("From: a@b.test\r\nSubject: Another\r\n\r\nonce more\r\n") },
      ],
    });
});

afterAll(async () => {
  await platform?.stop();
  await removeTempFolder(folder);
});

const POPLIB = `
import poplib, ssl, sys
port, tls, ca, user = sys.argv[1:5]
password = sys.stdin.read()
context = ssl.create_default_context(cafile=ca)
if tls == "implicit":
    pop = poplib.POP3_SSL("localhost", int(port), context=context)
else:
    pop = poplib.POP3("localhost", int(port))
    print(sorted(pop.capa()))
    pop.stls(context)
print(sorted(pop.capa()))
pop.user(user)
pop.pass_(password)
print(pop.stat()[0])
print(pop.list()[1])
print(len(pop.uidl()[1]))
if pop.stat()[0] > 1:
    print(b"\\n".join(pop.retr(1)[1]))
    print(pop.top(2, 0)[1])
    pop.dele(2)
pop.noop()
pop.quit()
`;

async function poplib(user: keyof typeof USERS, tls: "starttls" | "implicit"): Promise<string[]> {
  const child = run("python3", [
    "-c",
    POPLIB,
    String(port(tls)),
    tls,
    platform.imbarco.caFile,
    address(user),
  ]);
  child.child.stdin?.end(USERS[user]);
  return (await child).stdout.trim().split("\n");
}

async function curl(
  user: keyof typeof USERS,
  tls: "starttls" | "implicit",
  ...more: string[]
): Promise<string> {
  const config = join(folder, "curl.conf");
  await writeFile(
    config,
    `user = "${address(user)}:${USERS[user]}"\ncacert = "${platform.imbarco.caFile}"\n`,
  );
  const scheme = tls === "implicit" ? "pop3s" : "pop3";
  const url = `${scheme}://localhost:${port(tls)}/1`;
  const { stdout } = await run("curl", ["-q", "-sS", "-4", "--ssl-reqd", "-K", config, ...more, url]);
  return stdout;
}

describe("mail programs that speak POP3 work through imbarco", () => {
  it("Python's poplib: the first login of all, then the mail", async () => {
    const [clear, secure] = await poplib("ida", "starttls");
    expect(clear).toContain("STLS");
    expect(clear).not.toMatch(/USER|SASL/);
    expect(secure).toMatch(/SASL.*TOP.*UIDL.*USER/);
    await platform.synced("ida");
    const lines = await poplib("ida", "implicit");
    expect(lines).toContain("2");
    expect(lines.join("\n")).toContain("hello you\\n.\\n..");
    expect(lines.join("\n")).toContain("Subject: Another");
    const left = await poplib("ida", "starttls");
    expect(left[2]).toBe("1");
  });

  it.each(TLS)("curl, over %s, by each way to log in that it knows", async (tls) => {
    // Before the first login there is nothing to fetch.
    await poplib("ugo", tls);
    await platform.synced("ugo");
    for (const options of [["AUTH=PLAIN"], ["AUTH=PLAIN", "--sasl-ir"], ["AUTH=LOGIN"], ["AUTH=*"]])
      expect(await curl("ugo", tls, "--login-options", ...options)).toContain("hello you");
  });
});
