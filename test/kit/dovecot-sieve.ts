import type { DovecotOptions, DovecotPlaces } from "./dovecot-config.ts";
import { runsAsRoot } from "./dovecot-config.ts";

/** Lines for a ManageSieve service; the same in 2.3 and 2.4 but for the list of protocols and where scripts lie. */
export function sieveLines(options: DovecotOptions, places: DovecotPlaces, version: "2.3" | "2.4"): string[] {
  if (!options.sieve) return [];
  const { clear, implicit } = places.sievePorts;
  return [
    ...(version === "2.3"
      ? ["protocols = $protocols sieve", "plugin {\n  sieve = file:~/sieve;active=~/active.sieve\n}"]
      : [
          "protocols {\n  sieve = yes\n}",
          "sieve_script personal {\n  driver = file\n  path = ~/sieve\n  active_path = ~/active.sieve\n}",
        ]),
    "service managesieve-login {",
    "  service_count = 0",
    ...(runsAsRoot() ? [] : ["  chroot ="]),
    `  inet_listener sieve {\n    port = ${clear}\n  }`,
    `  inet_listener sieves {\n    port = ${(options.tls ?? true) ? implicit : 0}\n    ssl = yes\n  }`,
    "}",
  ];
}
