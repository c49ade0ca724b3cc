import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CopyJob } from "../job.ts";

/**
 * Dovecot's own way: `doveadm backup` reads the source over IMAP and writes the target's storage itself, without a server. So it
 * needs the target's machine, which the others do not.
 */
export async function doveadm(job: CopyJob, targetConfig: string): Promise<readonly string[]> {
  const { source } = job;
  const file = join(job.folder, "doveadm.conf");
  const lines = [
    `!include ${targetConfig}`,
    `imapc_host = ${source.tls === "starttls" ? "localhost" : source.host}`,
    `imapc_port = ${source.port}`,
    `imapc_user = ${source.user}`,
    `imapc_password = ${source.password}`,
    `imapc_ssl = ${source.tls === "starttls" ? "starttls" : "no"}`,
    `ssl_client_ca_file = ${source.caFile}`,
    // As Dovecot's page on migration over IMAP has it.
    "imapc_features = rfc822.size fetch-headers",
    "mail_prefetch_count = 20",
    "",
  ];
  await writeFile(file, lines.join("\n"));
  await chmod(file, 0o600);
  return ["doveadm", "-c", file, "backup", "-R", "-u", job.target.user, "imapc:"];
}
