import { afterEach, expect, test } from "vitest";
import { type Health, type Readiness, startHealth } from "../../src/admin/health.ts";
import { silentLog } from "../../src/log/log.ts";

let health: Health | undefined;

afterEach(async () => {
  await health?.close();
});

async function ask(ready: () => Promise<Readiness>, path: string, method = "GET") {
  health = await startHealth({ listen: { host: "127.0.0.1", port: 0 }, ready, log: silentLog() });
  const response = await fetch(`http://127.0.0.1:${health.port}${path}`, { method });
  return { status: response.status, body: method === "HEAD" ? null : await response.json() };
}

test("the process is alive whatever its store and target do", async () => {
  const answer = await ask(() => Promise.reject(new Error("no")), "/healthz");
  expect(answer).toEqual({ status: 200, body: { alive: true } });
});

test("it is ready when every part is", async () => {
  const answer = await ask(async () => ({ store: true, target: true }), "/readyz");
  expect(answer).toEqual({ status: 200, body: { ready: true, parts: { store: true, target: true } } });
});

test("it is not ready when one part is not, and says which", async () => {
  const answer = await ask(async () => ({ store: true, target: false }), "/readyz");
  expect(answer).toEqual({ status: 503, body: { ready: false, parts: { store: true, target: false } } });
});

test("it is not ready when the question fails", async () => {
  expect((await ask(() => Promise.reject(new Error("no")), "/readyz")).status).toBe(503);
});

test("nothing else is there", async () => {
  expect((await ask(async () => ({}), "/")).status).toBe(404);
});

test("nothing can be written", async () => {
  expect((await ask(async () => ({}), "/healthz", "POST")).status).toBe(405);
});
