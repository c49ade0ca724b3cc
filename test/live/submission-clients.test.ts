import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CANARY } from "../kit/canary.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";
import { type SmtpSink, startSmtpSink } from "../kit/smtp-sink.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";

const run = promisify(execFile);

const ADDRESS = `ida@${DOMAIN}`;
const PASSWORD = `ida-${CANARY}`;
const LETTER = "From: ida@example.test\r\nSubject: letter\r\n\r\n.\r\nhello from WHO\r\n";

/** The programs' own files: outside of imbarco's folder, which is searched for passwords. */
let folder: string;
let sink: SmtpSink;
let platform: Platform;

beforeAll(async () => {
  folder = await makeTempFolder("sc");
  sink = await startSmtpSink();
  platform = await startPlatform({
    users: { ida: PASSWORD },
    target: { submission: { relayPort: sink.port }, trustProxy: true },
    doors: (target) => ({ submission: target.submissionEndpoint() }),
  });
});

afterAll(async () => {
  await platform?.stop();
  await sink?.close();
  await removeTempFolder(folder);
});

/** Sender and content of the letter that was the last to arrive. */
function lastLetter(): string {
  const last = sink.messages.at(-1);
  return `${last?.from}\n${last?.octets.toString()}`;
}

const letterFrom = (who: string) => new RegExp(`^FROM:<${ADDRESS}>[^]*hello from ${who}\\r\\n`, "i");

describe.each(["starttls", "implicit"] as const)("over %s", (tls) => {
  const port = () => String(platform.imbarco.door("submission", tls).port);

  it("curl submits", async () => {
    const config = join(folder, `curl-${tls}.conf`);
    const letter = join(folder, "curl.eml");
    await writeFile(config, `user = "${ADDRESS}:${PASSWORD}"\ncacert = "${platform.imbarco.caFile}"\n`);
    await writeFile(letter, LETTER.replace("WHO", `curl ${tls}`));
    for (const mechanism of ["PLAIN", "LOGIN"]) {
      const scheme = tls === "implicit" ? "smtps" : "smtp";
      const args = ["-q", "-sS", "--ssl-reqd", "-K", config, "--login-options", `AUTH=${mechanism}`];
      const mail = ["--mail-from", ADDRESS, "--mail-rcpt", "anna@other.test", "-T", letter];
      const resolve = ["--resolve", `localhost:${port()}:127.0.0.1`];
      await run("curl", [...args, ...mail, ...resolve, `${scheme}://localhost:${port()}/pc.test`]);
      expect(lastLetter()).toMatch(letterFrom(`curl ${tls}`));
    }
  });

  it("Python's smtplib submits, by each of its ways to log in", async () => {
    const script = [
      "import smtplib, ssl, sys",
      "port, ca, tls, address = sys.argv[1:]",
      "context = ssl.create_default_context(cafile=ca)",
      "password = sys.stdin.read()",
      "for method in ('auth_plain', 'auth_login', 'login'):",
      "  if tls == 'implicit': smtp = smtplib.SMTP_SSL('127.0.0.1', int(port), context=context)",
      "  else: smtp = smtplib.SMTP('127.0.0.1', int(port)); smtp.starttls(context=context)",
      "  smtp.ehlo_or_helo_if_needed()",
      "  if method == 'login': smtp.login(address, password)",
      "  else:",
      "    smtp.user, smtp.password = address, password",
      "    smtp.auth(method[5:], getattr(smtp, method), initial_response_ok=(tls == 'implicit'))",
      "  smtp.sendmail(address, ['anna@other.test'], f'Subject: letter\\r\\n\\r\\n.\\r\\nhello from {method} {tls}\\r\\n', mail_options=['BODY=8BITMIME'], rcpt_options=['NOTIFY=NEVER'])",
      "  smtp.quit()",
    ].join("\n");
    const sent = sink.messages.length;
    const child = run("python3", ["-c", script, port(), platform.imbarco.caFile, tls, ADDRESS]);
    child.child.stdin?.end(PASSWORD);
    await child;
    expect(sink.messages.length).toBe(sent + 3);
    expect(lastLetter()).toMatch(letterFrom(`login ${tls}`));
    expect(sink.messages.at(-1)?.to.join()).toContain("NOTIFY=NEVER");
  });

  it("swaks submits, with and without pipelining", async () => {
    const config = join(folder, `swaks-${tls}`);
    for (const mechanism of ["PLAIN", "LOGIN"]) {
      for (const pipeline of [false, true]) {
        const lines = [
          "--server 127.0.0.1",
          `--port ${port()}`,
          tls === "implicit" ? "--tls-on-connect" : "--tls",
          `--auth ${mechanism}`,
          `--auth-user ${ADDRESS}`,
          `--auth-password ${PASSWORD}`,
          `--from ${ADDRESS}`,
          "--to anna@other.test",
          "--header Subject: letter",
          `--body hello from swaks ${mechanism}`,
          "--hide-all",
          ...(pipeline ? ["--pipeline"] : []),
        ];
        await writeFile(config, `${lines.join("\n")}\n`);
        await run("swaks", ["--config", config]);
        expect(lastLetter()).toMatch(letterFrom(`swaks ${mechanism}`));
      }
    }
  });
});
