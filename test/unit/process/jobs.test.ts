import { expect, test } from "vitest";
import type { Config } from "../../../src/config/config.ts";
import type { WrittenConfig } from "../../../src/config/schema.ts";
import { planOf, seatsOf } from "../../../src/process/jobs.ts";

function config(changes: Partial<Config>): Config {
  const admin = { listen: { host: "127.0.0.1", port: 8025 } };
  const roles = ["proxy", "copier", "admin"] as const;
  return {
    file: "f",
    dataDir: "d",
    drainMs: 1,
    log: { level: "info" },
    roles,
    admin,
    processes: "auto",
    ...changes,
  } as Config;
}

function names(changes: Partial<Config>): string[] {
  return seatsOf(planOf(config(changes), {} as WrittenConfig, 2)).map(
    ({ job, number }) => `${job} ${number}`,
  );
}

test("auto is a process on each core for mail programs, one for the copies and one for admin", () => {
  expect(names({})).toEqual(["proxy 1", "proxy 2", "copier 1", "admin 1"]);
});

test("a number is that many for mail programs", () => {
  expect(names({ processes: 3, roles: ["proxy"] })).toEqual(["proxy 1", "proxy 2", "proxy 3"]);
});

test("what the machine does not do has no process", () => {
  expect(names({ roles: ["copier"] })).toEqual(["copier 1"]);
  expect(names({ roles: ["admin"], admin: null })).toEqual([]);
});
