import type { CopyJob, Side } from "../job.ts";

/** imapsync as its manual begins: everything, with dates and flags, one message after the other. */
export function imapsync(job: CopyJob): readonly string[] {
  return [
    "imapsync",
    ...sideOptions(1, job.source),
    ...sideOptions(2, job.target),
    "--nolog",
    "--noreleasecheck",
    "--nofoldersizes",
    "--tmpdir",
    job.folder,
  ];
}

function sideOptions(number: 1 | 2, side: Side): string[] {
  const tls =
    side.tls === "starttls"
      ? [`--tls${number}`, `--sslargs${number}`, `SSL_ca_file=${side.caFile}`]
      : [`--notls${number}`, `--nossl${number}`];
  return [
    `--host${number}`,
    "localhost",
    `--port${number}`,
    String(side.port),
    `--user${number}`,
    side.user,
    `--passfile${number}`,
    side.passwordFile,
    ...tls,
  ];
}
