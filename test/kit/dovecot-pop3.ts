import { type DovecotOptions, type DovecotPlaces, runsAsRoot } from "./dovecot-config.ts";

/** Lines for a POP3 service; the same in 2.3 and 2.4 but for the list of protocols. */
export function pop3Lines(options: DovecotOptions, places: DovecotPlaces, version: "2.3" | "2.4"): string[] {
  if (!options.pop3) return [];
  const { clear, implicit } = places.pop3Ports;
  return [
    version === "2.3" ? "protocols = $protocols pop3" : "protocols {\n  pop3 = yes\n}",
    "service pop3-login {",
    "  service_count = 0",
    ...(runsAsRoot() ? [] : ["  chroot ="]),
    `  inet_listener pop3 {\n    port = ${clear}\n  }`,
    `  inet_listener pop3s {\n    port = ${(options.tls ?? true) ? implicit : 0}\n    ssl = yes\n  }`,
    "}",
  ];
}
