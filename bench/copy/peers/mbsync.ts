import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CopyJob, Side } from "../job.ts";

/** isync's mbsync with a configuration for this job alone; what it remembers stays in the job's folder. */
export async function mbsync(job: CopyJob): Promise<readonly string[]> {
  const file = join(job.folder, "mbsyncrc");
  const lines = [
    ...storeLines("source", job.source),
    ...storeLines("target", job.target),
    "Channel copy",
    "Far :source:",
    "Near :target:",
    "Patterns *",
    "Sync Pull",
    "Create Near",
    "CopyArrivalDate yes",
    `SyncState ${join(job.folder, "state-")}`,
    "",
  ];
  await writeFile(file, lines.join("\n"));
  return ["mbsync", "-q", "-c", file, "copy"];
}

function storeLines(name: string, side: Side): string[] {
  return [
    `IMAPAccount ${name}`,
    "Host localhost",
    `Port ${side.port}`,
    `User ${side.user}`,
    `PassCmd "cat ${side.passwordFile}"`,
    ...(side.tls === "starttls"
      ? ["SSLType STARTTLS", "SystemCertificates no", `CertificateFile ${side.caFile}`]
      : ["SSLType None"]),
    "AuthMechs LOGIN",
    "",
    `IMAPStore ${name}`,
    `Account ${name}`,
    "",
  ];
}
