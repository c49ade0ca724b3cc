import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CANARY } from "../kit/canary.ts";
import { type Platform, startPlatform } from "../kit/platform.ts";
import { type SmtpSink, startSmtpSink } from "../kit/smtp-sink.ts";

let sink: SmtpSink;
let platform: Platform;

beforeAll(async () => {
  sink = await startSmtpSink();
  platform = await startPlatform({
    users: { ida: `ida-${CANARY}` },
    target: { submission: { relayPort: sink.port } },
    doors: (target) => ({ submission: target.submissionEndpoint() }),
  });
});

afterAll(async () => {
  await platform?.stop();
  await sink?.close();
});

/** What `check` finds about the submission server, after `change` of the configuration. */
async function found(change: (config: string) => string): Promise<unknown> {
  const { configFile } = platform.imbarco;
  const before = await readFile(configFile, "utf8");
  await writeFile(configFile, change(before));
  try {
    const { stdout } = await platform.imbarco.cli(["check", "--json"]);
    const { findings } = JSON.parse(stdout) as { findings: { check: string }[] };
    return findings.filter(({ check }) => check === "target submission");
  } finally {
    await writeFile(configFile, before);
  }
}

const toPort = (port: number) => (config: string) =>
  config.replace(
    /(submission:\n\s+host: 127\.0\.0\.1\n\s+port: )\d+(\n\s+tls: )starttls\n\s+caFile: .*/,
    `$1${port}$2none`,
  );

it("check asks the target's submission server", async () => {
  expect(await found((config) => config)).toEqual([
    expect.objectContaining({ status: "ok", message: "answers" }),
  ]);
});

it("check finds one that takes no logins, and one that is not there", async () => {
  const silent = await startSmtpSink({ offers: ["PIPELINING"] });
  try {
    expect(await found(toPort(silent.port))).toMatchObject([
      { status: "fail", message: expect.stringContaining("neither AUTH PLAIN nor AUTH LOGIN") },
    ]);
  } finally {
    await silent.close();
  }
  expect(await found(toPort(silent.port))).toMatchObject([
    { status: "fail", message: expect.stringContaining("nothing listens there") },
  ]);
});
