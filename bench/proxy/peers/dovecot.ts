import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runsAsRoot } from "../../../test/kit/dovecot-config.ts";
import { freePort } from "../../../test/kit/free-port.ts";
import { greets } from "../../../test/kit/greeting.ts";
import type { Contestant, Surroundings } from "../contestants.ts";
import { startServer } from "../processes.ts";

const PROGRAM = "/usr/sbin/dovecot";

/** Dovecot 2.3's login proxy: one process for all logins, which also relays. */
export const dovecot: Contestant = {
  name: "Dovecot proxy",
  absence: () => {
    if (!existsSync(PROGRAM)) return "is not installed: apt-get install dovecot-imapd";
    return runsAsRoot() ? null : "needs root here";
  },
  start: async (surroundings) => {
    const ports = { plain: await freePort(), tls: await freePort() };
    const file = join(surroundings.folder, "dovecot.conf");
    await mkdir(join(surroundings.folder, "run"));
    await writeFile(file, configuration(surroundings, ports));
    const server = await startServer([PROGRAM, "-F", "-c", file], surroundings.folder, () =>
      greets(ports.plain),
    );
    return {
      pid: server.pid,
      plain: { port: ports.plain, tls: false },
      tls: { port: ports.tls, tls: true },
      stop: server.stop,
    };
  },
};

/** Everybody may log in with any password, and goes to the stub with it. */
function configuration(
  { folder, stubPort, certificates }: Surroundings,
  ports: { plain: number; tls: number },
): string {
  return `
protocols = imap
listen = 127.0.0.1
base_dir = ${folder}/run
state_dir = ${folder}/run
log_path = /dev/null
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
ssl = yes
ssl_cert = <${certificates.certFile}
ssl_key = <${certificates.keyFile}
default_client_limit = 20000
mail_max_userip_connections = 0
passdb {
  driver = static
  args = nopassword=y proxy=y host=127.0.0.1 port=${stubPort}
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}
service imap-login {
  service_count = 0
  process_limit = 1
  process_min_avail = 1
  client_limit = 9000
  vsz_limit = 4 G
  inet_listener imap {
    port = ${ports.plain}
  }
  inet_listener imaps {
    port = ${ports.tls}
    ssl = yes
  }
}
service anvil {
  client_limit = 20000
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  client_limit = 20000
}
`;
}
