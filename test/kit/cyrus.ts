import { freePort } from "./free-port.ts";
import { makePrivateMachine, type OtherSource, type PrivateMachine } from "./other-sources.ts";

/** What a Cyrus of the tests is to be like. */
export interface CyrusOptions {
  /** Address → password. */
  readonly users?: Readonly<Record<string, string>>;
  /** Folders beside INBOX instead of below it; default false: `INBOX.` before every name. */
  readonly altNamespace?: boolean;
  /** `/` between the levels of a folder name; default false: `.`. */
  readonly unixHierarchySep?: boolean;
}

/** Cyrus reports to the system log only: this takes its place. */
const SYSTEM_LOG = `
import os, socket, sys
place = os.environ["folder"] + "/dev/log"
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind(place)
os.chmod(place, 0o666)
print("ready", flush=True)
while True:
    print(log.recv(8192).decode("utf-8", "replace").rstrip("\\0"), flush=True)
`;

const MASTER = `
mkdir -p "$folder/dev"
mount -t tmpfs tmpfs "$folder/dev"
chmod 755 "$folder/dev"
for name in null zero full random urandom; do
  : > "$folder/dev/$name"
  mount --bind "/dev/$name" "$folder/dev/$name"
done
export folder
python3 -c '${SYSTEM_LOG}' &
until [ -e "$folder/dev/log" ]; do sleep 0.02; done
mount --rbind "$folder/dev" /dev
$as_daemon /usr/lib/cyrus/bin/ctl_cyrusdb -r
exec $as_daemon /usr/lib/cyrus/bin/master -D -p "$folder/run/cyrus/master.pid"
`;

/** Starts a Cyrus IMAP server and returns when it greets. A mailbox comes into being with the first login. */
export async function startCyrus(options: CyrusOptions = {}): Promise<OtherSource> {
  const machine = await makePrivateMachine("cyrus", "cyrus");
  const imapPort = await freePort();
  try {
    await layOut(machine, options, imapPort);
    for (const [user, password] of Object.entries(options.users ?? {}))
      await setPassword(machine, user, password);
    await machine.start(MASTER, imapPort);
  } catch (error) {
    await machine.stop();
    throw error;
  }
  return {
    imapPort,
    folder: machine.folder,
    endpoint: () => ({ host: "127.0.0.1", port: imapPort, tls: "none", ca: null, verify: true }),
    setPassword: (user, password) => setPassword(machine, user, password),
    stop: () => machine.stop(),
    log: () => machine.log(),
  };
}

async function layOut(machine: PrivateMachine, options: CyrusOptions, imapPort: number): Promise<void> {
  const { folder } = machine;
  for (const name of ["db", "socket", "proc", "user", "quota", "backup", "sync", "log"])
    await machine.makeWritable(`lib/${name}`);
  for (const name of ["lib", "mail", "auth", "run/cyrus", "run/cyrus/proc", "run/cyrus/lock"])
    await machine.makeWritable(name);
  await machine.write(
    "etc/cyrus.conf",
    [
      "START {",
      "}",
      "SERVICES {",
      `  imap cmd="imapd" listen="127.0.0.1:${imapPort}" prefork=1 maxchild=100`,
      "}",
      "EVENTS {",
      "}",
      "",
    ].join("\n"),
  );
  await machine.write(
    "etc/imapd.conf",
    [
      `configdirectory: ${folder}/lib`,
      "proc_path: /run/cyrus/proc",
      "mboxname_lockpath: /run/cyrus/lock",
      "defaultpartition: default",
      `partition-default: ${folder}/mail`,
      `altnamespace: ${options.altNamespace ? "yes" : "no"}`,
      `unixhierarchysep: ${options.unixHierarchySep ? "yes" : "no"}`,
      // The whole address is the user.
      "virtdomains: userid",
      "defaultdomain: nowhere.test",
      "allowplaintext: yes",
      "sasl_pwcheck_method: auxprop",
      "sasl_auxprop_plugin: sasldb",
      `sasl_sasldb_path: ${folder}/auth/sasldb2`,
      "sasl_mech_list: PLAIN LOGIN",
      "autocreate_quota: 0",
      "failedloginpause: 0",
      // No test waits for a disk.
      "skiplist_unsafe: yes",
      "sync_machineid: 1",
      "",
    ].join("\n"),
  );
}

async function setPassword(machine: PrivateMachine, user: string, password: string): Promise<void> {
  const [name = "", domain = ""] = user.split("@");
  await machine.run(
    `$as_daemon saslpasswd2 -p -c -f "$folder/auth/sasldb2" -u '${domain}' '${name}'`,
    password,
  );
}
