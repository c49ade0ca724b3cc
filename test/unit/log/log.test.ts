import { expect, test } from "vitest";
import { Secret } from "../../../src/kit/secret.ts";
import { createLog } from "../../../src/log/log.ts";

const CANARY = "kanarie-7d1f";

function logged(level: string, write: (log: ReturnType<typeof createLog>) => void): string[] {
  const lines: string[] = [];
  write(createLog({ level, stream: { write: (line) => lines.push(line) } }));
  return lines;
}

test("a line is JSON with time, level by name and event", () => {
  const [line = ""] = logged("info", (log) => log.info({ event: "login.ok", account: "a@b.example" }, "in"));
  const { time, pid, ...rest } = JSON.parse(line) as Record<string, unknown>;
  expect(rest).toEqual({ level: "info", event: "login.ok", account: "a@b.example", msg: "in" });
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  expect(pid).toBe(process.pid);
});

test("a level keeps back what is below it", () => {
  expect(logged("warn", (log) => log.info({ event: "login.ok" }, "in"))).toEqual([]);
});

test.each([
  ["a field named password", { password: CANARY }],
  ["a field named password one level down", { credentials: { password: CANARY } }],
  ["a verifier", { account: { verifier: CANARY } }],
  ["a secret", { anything: new Secret(Buffer.from(CANARY)) }],
  ["octets", { line: Buffer.from(CANARY) }],
  ["octets one level down", { command: { line: Buffer.from(CANARY) } }],
  ["an error that holds octets", { err: Object.assign(new Error("no"), { input: Buffer.from(CANARY) }) }],
])("%s does not get into the log", (_what, fields) => {
  const [line = ""] = logged("debug", (log) =>
    log.child({ session: "s1" }).debug({ event: "login.failed", ...fields }, "x"),
  );
  expect(line).toContain('"session":"s1"');
  expect(line).not.toContain(CANARY);
  // As JSON writes the octets of a Buffer.
  expect(line).not.toContain([...Buffer.from(CANARY)].join(","));
});
