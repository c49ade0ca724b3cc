import { spawn } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CANARY } from "../kit/canary.ts";
import {
  curl,
  fetchmail,
  getmail,
  type MailAccount,
  maildirMessages,
  python,
  runProgram,
  settings,
  TLS_MODES,
  type TlsMode,
} from "../kit/mail-programs.ts";
import { fillMailbox } from "../kit/mailbox.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";
import { waitFor } from "../kit/wait-for.ts";

const ADDRESS = `ida@${DOMAIN}`;
const PASSWORD = `ida-${CANARY}`;

let folder: string;
let platform: Platform;

beforeAll(async () => {
  folder = await makeTempFolder("ci");
  platform = await startPlatform({ users: { ida: PASSWORD } });
  const place = { ...platform.source.endpoint(), tls: "starttls" as const };
  await fillMailbox(place, ADDRESS, PASSWORD, {
    INBOX: [{ body: Buffer.from("From: a@b.test\r\nSubject: A first letter\r\n\r\nhello ida\r\n") }],
    Archive: [{ body: Buffer.from("From: a@b.test\r\nSubject: An old one\r\n\r\nonce\r\n") }],
  });
  (await platform.logIn("ida")).close();
  await platform.synced("ida");
});

afterAll(async () => {
  await platform?.stop();
  await removeTempFolder(folder);
});

const accountOver = (tls: TlsMode): MailAccount => ({
  address: ADDRESS,
  password: PASSWORD,
  port: platform.imbarco.place(tls).port,
  tls,
  caFile: platform.imbarco.caFile,
  folder,
});

/** What a program that keeps a mailbox in step has made of it, folder by folder. */
async function mailOf(maildir: string): Promise<string[][]> {
  return Promise.all(["INBOX", "Archive"].map((name) => maildirMessages(join(maildir, name))));
}

const WHOLE_MAILBOX = [[expect.stringContaining("hello ida")], [expect.stringContaining("once")]];

describe.each(TLS_MODES)("mail programs that speak IMAP work through imbarco over %s", (tls) => {
  const account = () => accountOver(tls);

  it("curl, by each way to log in that it knows", async () => {
    for (const options of [["AUTH=PLAIN"], ["AUTH=PLAIN", "--sasl-ir"], ["AUTH=LOGIN"], ["AUTH=*"]]) {
      const fetched = await curl(account(), "imap", "INBOX;UID=1", "--login-options", ...options);
      expect(fetched).toContain("hello ida");
    }
  });

  it("Python's imaplib, by LOGIN and by AUTHENTICATE", async () => {
    const printed = await python(
      account(),
      [
        "import imaplib",
        "for method in ('LOGIN', 'AUTHENTICATE'):",
        "  if tls == 'implicit': imap = imaplib.IMAP4_SSL('localhost', port, ssl_context=context)",
        "  else: imap = imaplib.IMAP4('localhost', port); imap.starttls(context)",
        "  if method == 'LOGIN': imap.login(user, password)",
        "  else: imap.authenticate('PLAIN', lambda _: f'\\0{user}\\0{password}'.encode())",
        "  imap.select('INBOX', readonly=True)",
        "  print(imap.fetch('1', '(BODY[TEXT])'))",
        "  imap.logout()",
      ].join("\n"),
    );
    expect(printed.match(/hello ida/g)).toHaveLength(2);
  });

  it("mbsync", async () => {
    const maildir = join(folder, `mbsync-${tls}`);
    await mkdir(maildir);
    const config = await settings(folder, `mbsyncrc-${tls}`, [
      "IMAPAccount new",
      "Host localhost",
      `Port ${account().port}`,
      `User ${ADDRESS}`,
      `PassCmd "cat ${await settings(folder, "password", [PASSWORD])}"`,
      `SSLType ${tls === "implicit" ? "IMAPS" : "STARTTLS"}`,
      `CertificateFile ${platform.imbarco.caFile}`,
      "\nIMAPStore far",
      "Account new",
      "\nMaildirStore near",
      `Path ${maildir}/`,
      `Inbox ${maildir}/INBOX`,
      "SubFolders Verbatim",
      "\nChannel all",
      "Far :far:",
      "Near :near:",
      "Patterns *",
      "Create Near",
      "Sync Pull",
      `SyncState ${maildir}-state-`,
    ]);
    await runProgram("mbsync", ["-c", config, "-a"]);
    expect(await mailOf(maildir)).toEqual(WHOLE_MAILBOX);
  });

  // Over STARTTLS it verifies no certificate, whatever it is told.
  it("OfflineIMAP", async () => {
    const maildir = join(folder, `offlineimap-${tls}`);
    const config = await settings(folder, `offlineimaprc-${tls}`, [
      "[general]",
      "accounts = ida",
      `metadata = ${maildir}-state`,
      "[Account ida]",
      "localrepository = near",
      "remoterepository = far",
      "[Repository near]",
      "type = Maildir",
      `localfolders = ${maildir}`,
      "[Repository far]",
      "type = IMAP",
      "remotehost = localhost",
      `remoteport = ${account().port}`,
      `remoteuser = ${ADDRESS}`,
      `remotepassfile = ${await settings(folder, "password", [PASSWORD])}`,
      `ssl = ${tls === "implicit" ? "yes" : "no"}`,
      `starttls = ${tls === "implicit" ? "no" : "yes"}`,
      `sslcacertfile = ${platform.imbarco.caFile}`,
    ]);
    await runProgram("offlineimap", ["-o", "-u", "basic", "-c", config], { home: folder });
    expect(await mailOf(maildir)).toEqual(WHOLE_MAILBOX);
  });

  it("mutt", async () => {
    const copy = join(folder, `mutt-copy-${tls}`);
    const scheme = tls === "implicit" ? "imaps" : "imap";
    const rc = await settings(folder, `muttrc-${tls}`, [
      `set imap_user="${ADDRESS}" imap_pass="${PASSWORD}"`,
      `set ssl_ca_certificates_file="${platform.imbarco.caFile}" certificate_file="${join(folder, "accepted")}"`,
      "set ssl_starttls=yes ssl_force_tls=yes",
      `set folder="${folder}" spoolfile="${scheme}://localhost:${account().port}/INBOX" record=""`,
      "set mbox_type=mbox confirmcreate=no confirmappend=no quit=yes wait_key=no",
      `push "<copy-message>${copy}<enter><quit>"`,
    ]);
    // script(1) lends mutt the terminal that it insists on.
    const screen = join(folder, `mutt-screen-${tls}`);
    const child = spawn("script", ["-qec", `mutt -n -F ${rc}`, screen], {
      env: { ...process.env, HOME: folder, TERM: "xterm" },
      stdio: ["pipe", "ignore", "ignore"],
    });
    try {
      const hasCopied = async () => (await readFile(copy, "utf8")).includes("hello ida");
      await waitFor(hasCopied, "mutt's copy of the message");
    } catch (error) {
      throw new Error(`mutt showed: ${await readFile(screen, "latin1")}`, { cause: error });
    } finally {
      child.kill();
    }
  });

  it("fetchmail", async () => {
    expect(await fetchmail(account(), "imap")).toContain("hello ida");
  });
});

it("getmail works through imbarco over TLS from the first byte, the only way it knows", async () => {
  expect(await getmail(accountOver("implicit"), "imap")).toContain("hello ida");
});
