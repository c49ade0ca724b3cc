import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../../test/kit/free-port.ts";
import { greets } from "../../../test/kit/greeting.ts";
import type { Contestant, Surroundings } from "../contestants.ts";
import { startServer } from "../processes.ts";

const PROGRAM = "/usr/sbin/nginx";
const MODULE = "/usr/lib/nginx/modules/ngx_mail_module.so";

interface Ports {
  readonly plain: number;
  readonly tls: number;
  readonly auth: number;
}

/** nginx's mail proxy as it comes: it relays through buffers of 4 KB. */
export const nginx: Contestant = contestant("nginx", "");

/** The same with the buffers that make it fast. */
export const nginxLarge: Contestant = {
  ...contestant("nginx, 64 KB buffers", "proxy_buffer 64k;"),
  kinds: ["relay"],
};

function contestant(name: string, settings: string): Contestant {
  return {
    name,
    absence: () =>
      existsSync(PROGRAM) && existsSync(MODULE)
        ? null
        : "is not installed: apt-get install nginx libnginx-mod-mail",
    start: async (surroundings) => {
      const ports = { plain: await freePort(), tls: await freePort(), auth: await freePort() };
      const file = join(surroundings.folder, "nginx.conf");
      await mkdir(join(surroundings.folder, "tmp"));
      await writeFile(file, configuration(surroundings, ports, settings));
      const isReady = () => greets(ports.plain);
      const { folder } = surroundings;
      const server = await startServer([PROGRAM, "-p", folder, "-c", file], folder, isReady);
      return {
        pid: server.pid,
        plain: { port: ports.plain, tls: false },
        tls: { port: ports.tls, tls: true },
        stop: server.stop,
      };
    },
  };
}

/** One worker, which also answers the questions of its own mail part: who may log in, and where they go. */
function configuration(
  { folder, stubPort, certificates }: Surroundings,
  ports: Ports,
  settings: string,
): string {
  return `
load_module ${MODULE};
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log crit;
user root;
events { worker_connections 18000; }
http {
  access_log off;
  client_body_temp_path ${folder}/tmp; proxy_temp_path ${folder}/tmp; fastcgi_temp_path ${folder}/tmp;
  uwsgi_temp_path ${folder}/tmp; scgi_temp_path ${folder}/tmp;
  server {
    listen 127.0.0.1:${ports.auth} backlog=4096;
    location / {
      add_header Auth-Status OK;
      add_header Auth-Server 127.0.0.1;
      add_header Auth-Port ${stubPort};
      return 200;
    }
  }
}
mail {
  auth_http 127.0.0.1:${ports.auth}/;
  imap_auth plain login;
  imap_capabilities IMAP4rev1 LITERAL+ SASL-IR ID;
  ${settings}
  ssl_certificate ${certificates.certFile};
  ssl_certificate_key ${certificates.keyFile};
  ssl_session_cache shared:mail:10m;
  server { listen 127.0.0.1:${ports.plain} backlog=4096; protocol imap; }
  server { listen 127.0.0.1:${ports.tls} ssl backlog=4096; protocol imap; }
}
`;
}
