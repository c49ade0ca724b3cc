import type { DovecotOptions, DovecotPlaces } from "./dovecot-config.ts";
import { runsAsRoot } from "./dovecot-config.ts";

/** Lines for a submission service that hands its mail to a relay on loopback; the same in 2.3 and 2.4 but for the list of protocols. */
export function submissionLines(
  options: DovecotOptions,
  places: DovecotPlaces,
  version: "2.3" | "2.4",
): string[] {
  const { submission } = options;
  if (submission === undefined) return [];
  const { clear, implicit } = places.submissionPorts;
  return [
    version === "2.3" ? "protocols = $protocols submission" : "protocols {\n  submission = yes\n}",
    "submission_relay_host = 127.0.0.1",
    `submission_relay_port = ${submission.relayPort}`,
    "service submission-login {",
    "  service_count = 0",
    ...(runsAsRoot() ? [] : ["  chroot ="]),
    `  inet_listener submission {\n    port = ${clear}\n  }`,
    `  inet_listener submissions {\n    port = ${(options.tls ?? true) ? implicit : 0}\n    ssl = yes\n  }`,
    "}",
  ];
}
