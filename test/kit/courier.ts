import { createHash, randomBytes } from "node:crypto";
import { MAIL_UID } from "./dovecot-config.ts";
import { freePort } from "./free-port.ts";
import { makePrivateMachine, type OtherSource, type PrivateMachine } from "./other-sources.ts";

/** What a Courier of the tests is to be like. */
export interface CourierOptions {
  /** Address → password. */
  readonly users?: Readonly<Record<string, string>>;
  /** Connections from one address, `MAXPERIP`; default 40. */
  readonly perAddress?: number;
}

/** Its configuration is a folder that programs write to as well. */
const CONFIGURED = 'mount --bind "$folder/courier" /etc/courier\n';

/** Starts a Courier IMAP server and returns when it greets. */
export async function startCourier(options: CourierOptions = {}): Promise<OtherSource> {
  const machine = await makePrivateMachine("courier", "courier");
  const imapPort = await freePort();
  const rows = new Map<string, string>();
  const set = (user: string, password: string) => setPassword(machine, rows, user, password);
  try {
    for (const name of ["courier", "mail", "run/courier", "run/courier/authdaemon"])
      await machine.makeWritable(name);
    await machine.write("courier/authdaemonrc", authdaemonSettings());
    for (const [user, password] of Object.entries(options.users ?? {})) await set(user, password);
    await machine.start(daemons(imapPort, options.perAddress ?? 40), imapPort);
  } catch (error) {
    await machine.stop();
    throw error;
  }
  return {
    imapPort,
    folder: machine.folder,
    endpoint: () => ({ host: "127.0.0.1", port: imapPort, tls: "none", ca: null, verify: true }),
    setPassword: set,
    stop: () => machine.stop(),
    log: () => machine.log(),
  };
}

function authdaemonSettings(): string {
  return [
    'authmodulelist="authuserdb"',
    'authmodulelistorig="authuserdb"',
    "daemons=3",
    "authdaemonvar=/run/courier/authdaemon",
    "",
  ].join("\n");
}

/** As the program `imapd` of its package starts them, with the settings that the package ships. */
function daemons(imapPort: number, perAddress: number): string {
  return `${CONFIGURED}
$as_daemon /usr/lib/courier/courier-authlib/authdaemond &
until [ -e /run/courier/authdaemon/socket ]; do sleep 0.02; done
set -a
. "$folder/server/etc/courier/imapd"
IMAP_STARTTLS=NO
exec $as_daemon couriertcpd -address=127.0.0.1 -maxprocs=100 -maxperip=${perAddress} -nodnslookup -noidentlookup \\
  ${imapPort} /usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir
`;
}

async function setPassword(
  machine: PrivateMachine,
  rows: Map<string, string>,
  user: string,
  password: string,
): Promise<void> {
  const home = `${machine.folder}/mail/${user}`;
  const isNew = !rows.has(user);
  rows.set(
    user,
    `${user}\tuid=${MAIL_UID}|gid=${MAIL_UID}|home=${home}|mail=${home}/Maildir|imappw=${saltedHash(password)}`,
  );
  if (isNew) await machine.makeWritable(`mail/${user}`);
  await machine.run(
    [
      CONFIGURED,
      "umask 077",
      "$as_daemon tee /etc/courier/userdb > /dev/null",
      "$as_daemon makeuserdb",
      `[ -d '${home}/Maildir' ] || $as_daemon maildirmake.courier '${home}/Maildir'`,
    ].join("\n"),
    `${[...rows.values()].join("\n")}\n`,
  );
}

/** In a scheme that Courier's own `userdbpw` need not be asked for. */
function saltedHash(password: string): string {
  const salt = randomBytes(4);
  const hash = createHash("sha1").update(password).update(salt).digest();
  return `{SSHA}${Buffer.concat([hash, salt]).toString("base64")}`;
}
