import { defineConfig } from "vitest/config";

/** One project a kind of test, so that `npm run check` can take the quick ones only. */
function project(name: string, testTimeoutMs: number) {
  return {
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      testTimeout: testTimeoutMs,
      hookTimeout: testTimeoutMs,
      environment: "node" as const,
    },
  };
}

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 3,
    projects: [
      project("unit", 10_000),
      project("contract", 30_000),
      project("dialog", 30_000),
      project("fuzz", 60_000),
      project("tidy", 30_000),
      project("live", 180_000),
      project("crash", 420_000),
    ],
  },
});
