import { execFile, spawn } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CANARY } from "../kit/canary.ts";
import { fillMailbox } from "../kit/mailbox.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";
import { waitFor } from "../kit/wait-for.ts";

const run = promisify(execFile);

const ADDRESS = `ida@${DOMAIN}`;
const PASSWORD = `ida-${CANARY}`;

/** The programs' own configuration and mail: outside of imbarco's folder, which is searched for passwords. */
let folder: string;
let platform: Platform;

beforeAll(async () => {
  folder = await makeTempFolder("cl");
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

describe("mail programs work through imbarco", () => {
  it("curl, over STARTTLS and over TLS from the first byte", async () => {
    const { imapPort, imapsPort, caFile } = platform.imbarco;
    const config = join(folder, "curl.conf");
    await writeFile(config, `user = "${ADDRESS}:${PASSWORD}"\ncacert = "${caFile}"\n`);
    for (const url of [
      `imap://localhost:${imapPort}/INBOX;UID=1`,
      `imaps://localhost:${imapsPort}/INBOX;UID=1`,
    ]) {
      const resolve = [
        "--resolve",
        `localhost:${imapPort}:127.0.0.1`,
        "--resolve",
        `localhost:${imapsPort}:127.0.0.1`,
      ];
      const { stdout } = await run("curl", ["-q", "-sS", "--ssl-reqd", "-K", config, ...resolve, url]);
      expect(stdout).toContain("hello ida");
    }
  });

  it("Python's imaplib", async () => {
    const script = [
      "import imaplib, ssl, sys",
      "context = ssl.create_default_context(cafile=sys.argv[2])",
      "password = sys.stdin.read()",
      "imap = imaplib.IMAP4('127.0.0.1', int(sys.argv[1]))",
      "imap.starttls(context)",
      "imap.login(sys.argv[3], password)",
      "print(imap.select('INBOX', readonly=True))",
      "print(imap.fetch('1', '(BODY[TEXT])'))",
      "imap.logout()",
    ].join("\n");
    const { imapPort, caFile } = platform.imbarco;
    const child = run("python3", ["-c", script, String(imapPort), caFile, ADDRESS]);
    child.child.stdin?.end(PASSWORD);
    expect((await child).stdout).toContain("hello ida");
  });

  it("mbsync", async () => {
    const maildir = join(folder, "maildir");
    await mkdir(maildir);
    const config = join(folder, "mbsyncrc");
    const lines = [
      "IMAPAccount new",
      "Host localhost",
      `Port ${platform.imbarco.imapsPort}`,
      `User ${ADDRESS}`,
      `PassCmd "cat ${join(folder, "password")}"`,
      "SSLType IMAPS",
      `CertificateFile ${platform.imbarco.caFile}`,
      "IMAPStore far",
      "Account new",
      "MaildirStore near",
      `Path ${maildir}/`,
      `Inbox ${maildir}/INBOX`,
      "SubFolders Verbatim",
      "Channel all",
      "Far :far:",
      "Near :near:",
      "Patterns *",
      "Create Near",
      "Sync Pull",
      `SyncState ${folder}/state-`,
    ];
    await writeFile(join(folder, "password"), PASSWORD, { mode: 0o600 });
    await writeFile(
      config,
      lines.map((line) => (/^(IMAPStore|MaildirStore|Channel)/.test(line) ? `\n${line}` : line)).join("\n"),
    );
    await run("mbsync", ["-c", config, "-a"]);
    for (const name of ["INBOX", "Archive"]) {
      // Seen mail lies in `cur`: another program of these tests may have read it.
      const messages = await Promise.all(["new", "cur"].map((part) => readdir(join(maildir, name, part))));
      expect(messages.flat()).toHaveLength(1);
    }
  });

  it("mutt", async () => {
    const { imapPort, caFile } = platform.imbarco;
    const copy = join(folder, "mutt-copy");
    const rc = join(folder, "muttrc");
    const lines = [
      `set imap_user="${ADDRESS}" imap_pass="${PASSWORD}"`,
      `set ssl_ca_certificates_file="${caFile}" certificate_file="${join(folder, "accepted")}"`,
      "set ssl_starttls=yes ssl_force_tls=yes",
      `set folder="${folder}" spoolfile="imap://localhost:${imapPort}/INBOX" record=""`,
      "set mbox_type=mbox confirmcreate=no confirmappend=no quit=yes wait_key=no",
      `push "<copy-message>${copy}<enter><quit>"`,
    ];
    await writeFile(rc, `${lines.join("\n")}\n`, { mode: 0o600 });
    // script(1) lends mutt the terminal that it insists on.
    const screen = join(folder, "mutt-screen");
    const child = spawn("script", ["-qec", `mutt -n -F ${rc}`, screen], {
      env: { ...process.env, HOME: folder, TERM: "xterm" },
      stdio: ["pipe", "ignore", "ignore"],
    });
    try {
      await waitFor(
        async () => (await readFile(copy, "utf8")).includes("hello ida"),
        "mutt's copy of the message",
      );
    } catch (error) {
      throw new Error(`mutt showed: ${await readFile(screen, "latin1")}`, { cause: error });
    } finally {
      child.kill();
    }
  });
});
