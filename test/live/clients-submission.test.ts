import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CANARY } from "../kit/canary.ts";
import { curl, type MailAccount, python, runProgram, settings, TLS_MODES } from "../kit/mail-programs.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";
import { type SmtpSink, startSmtpSink } from "../kit/smtp-sink.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";

const ADDRESS = `ida@${DOMAIN}`;
const PASSWORD = `ida-${CANARY}`;
const RECIPIENT = "anna@other.test";

let folder: string;
let sink: SmtpSink;
let platform: Platform;

beforeAll(async () => {
  folder = await makeTempFolder("cs");
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

describe.each(TLS_MODES)("mail programs submit through imbarco over %s", (tls) => {
  const account = (): MailAccount => ({
    address: ADDRESS,
    password: PASSWORD,
    port: platform.imbarco.door("submission", tls).port,
    tls,
    caFile: platform.imbarco.caFile,
    folder,
  });

  it("curl, by each way to log in that it knows", async () => {
    const body = `hello from curl ${tls}`;
    const letter = await settings(folder, "curl.eml", [
      "From: ida@example.test\r\nSubject: letter\r\n\r\n.\r",
      `${body}\r`,
    ]);
    const mail = ["--mail-from", ADDRESS, "--mail-rcpt", RECIPIENT, "-T", letter];
    for (const options of [["AUTH=PLAIN"], ["AUTH=PLAIN", "--sasl-ir"], ["AUTH=LOGIN"], ["AUTH=*"]]) {
      const sent = sink.messages.length;
      await curl(account(), "smtp", "pc.test", ...mail, "--login-options", ...options);
      expect(sink.messages.length).toBe(sent + 1);
      expect(lastLetter()).toMatch(letterFrom(`curl ${tls}`));
    }
  });

  it("Python's smtplib, by each of its ways to log in", async () => {
    const sent = sink.messages.length;
    await python(
      account(),
      [
        "import smtplib",
        "for method in ('auth_plain', 'auth_login', 'login'):",
        "  if tls == 'implicit': smtp = smtplib.SMTP_SSL('localhost', port, context=context)",
        "  else: smtp = smtplib.SMTP('localhost', port); smtp.starttls(context=context)",
        "  smtp.ehlo_or_helo_if_needed()",
        "  if method == 'login': smtp.login(user, password)",
        "  else:",
        "    smtp.user, smtp.password = user, password",
        "    smtp.auth(method[5:], getattr(smtp, method), initial_response_ok=(tls == 'implicit'))",
        "  letter = f'Subject: letter\\r\\n\\r\\n.\\r\\nhello from {method} {tls}\\r\\n'",
        `  smtp.sendmail(user, ['${RECIPIENT}'], letter, mail_options=['BODY=8BITMIME'], rcpt_options=['NOTIFY=NEVER'])`,
        "  smtp.quit()",
      ].join("\n"),
    );
    expect(sink.messages.length).toBe(sent + 3);
    expect(lastLetter()).toMatch(letterFrom(`login ${tls}`));
    expect(sink.messages.at(-1)?.to.join()).toContain("NOTIFY=NEVER");
  });

  it.each([
    ["PLAIN", []],
    ["PLAIN", ["--pipeline"]],
    ["LOGIN", []],
    ["LOGIN", ["--pipeline"]],
  ])("swaks, by AUTH %s %j", async (mechanism, more) => {
    const body = `hello from swaks ${mechanism} ${more.join()}`;
    const config = await settings(folder, `swaks-${tls}`, [
      "--server localhost",
      `--port ${account().port}`,
      tls === "implicit" ? "--tls-on-connect" : "--tls",
      "--tls-verify",
      `--tls-ca-path ${platform.imbarco.caFile}`,
      `--auth ${mechanism}`,
      `--auth-user ${ADDRESS}`,
      `--auth-password ${PASSWORD}`,
      `--from ${ADDRESS}`,
      `--to ${RECIPIENT}`,
      "--header Subject: letter",
      `--body ${body}`,
      "--hide-all",
      ...more,
    ]);
    await runProgram("swaks", ["--config", config]);
    expect(lastLetter()).toMatch(letterFrom(`swaks ${mechanism} ${more.join()}`));
  });

  it("mutt", async () => {
    const scheme = tls === "implicit" ? "smtps" : "smtp";
    const rc = await settings(folder, `muttrc-${tls}`, [
      `set from="${ADDRESS}" use_envelope_from=yes record="" postponed=""`,
      `set smtp_url="${scheme}://${ADDRESS}@localhost:${account().port}" smtp_pass="${PASSWORD}"`,
      `set ssl_ca_certificates_file="${platform.imbarco.caFile}" certificate_file="${folder}/accepted"`,
      "set ssl_starttls=yes ssl_force_tls=yes",
    ]);
    const stdin = `hello from mutt ${tls}\n`;
    await runProgram("mutt", ["-n", "-F", rc, "-s", "letter", RECIPIENT], { stdin, home: folder });
    expect(lastLetter()).toMatch(letterFrom(`mutt ${tls}`));
  });
});
