import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CANARY } from "../kit/canary.ts";
import {
  curl,
  fetchmail,
  getmail,
  type MailAccount,
  python,
  TLS_MODES,
  type TlsMode,
} from "../kit/mail-programs.ts";
import { fillMailbox } from "../kit/mailbox.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";

/** One deletes a message, the other only reads. */
const USERS = { ida: `ida ${CANARY}`, ugo: `ugo-${CANARY}` } as const;
type User = keyof typeof USERS;

let folder: string;
let platform: Platform;

const account = (user: User, tls: TlsMode): MailAccount => ({
  address: `${user}@${DOMAIN}`,
  password: USERS[user],
  port: platform.imbarco.door("pop3", tls).port,
  tls,
  caFile: platform.imbarco.caFile,
  folder,
});

beforeAll(async () => {
  folder = await makeTempFolder("cp");
  platform = await startPlatform({
    users: USERS,
    target: { pop3: true },
    doors: (target) => ({ pop3: target.pop3Endpoint() }),
  });
  const place = { ...platform.source.endpoint(), tls: "starttls" as const };
  for (const user of ["ida", "ugo"] as const)
    await fillMailbox(place, `${user}@${DOMAIN}`, USERS[user], {
      INBOX: [
        { body: Buffer.from("From: a@b.test\r\nSubject: A letter\r\n\r\nhello you\r\n.\r\n..\r\n") },
        { body: Buffer.from("From: a@b.test\r\nSubject: Another\r\n\r\nonce more\r\n") },
      ],
    });
  // Before the first login there is nothing to fetch.
  await poplib("ugo", "implicit");
  await platform.synced("ugo");
});

afterAll(async () => {
  await platform?.stop();
  await removeTempFolder(folder);
});

const POPLIB = `
import poplib
if tls == "implicit":
    pop = poplib.POP3_SSL("localhost", port, context=context)
else:
    pop = poplib.POP3("localhost", port)
    print(sorted(pop.capa()))
    pop.stls(context)
print(sorted(pop.capa()))
pop.user(user)
pop.pass_(password)
print(pop.stat()[0])
print(pop.list()[1])
print(len(pop.uidl()[1]))
if user.startswith("ida") and pop.stat()[0] > 1:
    print(b"\\n".join(pop.retr(1)[1]))
    print(pop.top(2, 0)[1])
    pop.dele(2)
pop.noop()
pop.quit()
`;

async function poplib(user: User, tls: TlsMode): Promise<string[]> {
  return (await python(account(user, tls), POPLIB)).trim().split("\n");
}

it("Python's poplib is the first program to log in, and then reads and deletes", async () => {
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

describe.each(TLS_MODES)("mail programs that speak POP3 work through imbarco over %s", (tls) => {
  it("curl, by each way to log in that it knows", async () => {
    for (const options of [["AUTH=PLAIN"], ["AUTH=PLAIN", "--sasl-ir"], ["AUTH=LOGIN"], ["AUTH=*"]])
      expect(await curl(account("ugo", tls), "pop3", "1", "--login-options", ...options)).toContain(
        "hello you",
      );
  });

  it("fetchmail", async () => {
    const delivered = await fetchmail(account("ugo", tls), "pop3");
    expect(delivered).toContain("hello you\n.\n..\n");
    expect(delivered).toContain("once more");
  });
});

it("getmail works through imbarco over TLS from the first byte, the only way it knows", async () => {
  const delivered = await getmail(account("ugo", "implicit"), "pop3");
  expect(delivered).toContain("hello you\n.\n..\n");
  expect(delivered).toContain("once more");
});
