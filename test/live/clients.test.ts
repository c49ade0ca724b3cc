import { execFile } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CANARY } from "../kit/canary.ts";
import { fillMailbox } from "../kit/mailbox.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";

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
    expect(await readdir(join(maildir, "INBOX", "new"))).toHaveLength(1);
    expect(await readdir(join(maildir, "Archive", "new"))).toHaveLength(1);
  });

  it("mutt", async () => {
    const rc = join(folder, "muttrc");
    const lines = [
      `set imap_user = "${ADDRESS}"`,
      `set imap_pass = "${PASSWORD}"`,
      `set ssl_ca_certificates_file = "${platform.imbarco.caFile}"`,
      "set ssl_usesystemcerts = no",
      "set ssl_starttls = yes",
      "set ssl_force_tls = yes",
      "set ssl_verify_host = yes",
      "set copy = no",
      `set certificate_file = "${join(folder, "accepted")}"`,
    ];
    await writeFile(rc, `${lines.join("\n")}\n`);
    const copy = join(folder, "mutt-copy");
    const keys = `push "<copy-message>${copy}<enter><exit>"`;
    const env = { ...process.env, HOME: folder, TERM: "xterm" };
    const args = ["-n", "-F", rc, "-e", "set mbox_type=mbox confirmcreate=no quit=yes delete=no", "-e", keys];
    // script(1) lends mutt the terminal that it insists on.
    const command = ["mutt", ...args, "-f", `imap://localhost:${platform.imbarco.imapPort}/INBOX`];
    const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const child = run("script", ["-qec", quoted, "/dev/null"], { env, timeout: 60_000 });
    child.child.stdin?.end();
    await child;
    expect(await readdir(folder)).toContain("mutt-copy");
  });
});
