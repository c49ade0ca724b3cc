import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { expect, it } from "vitest";
import { isDeadHere, workerOwner } from "../../../src/copy/owner.ts";

it("knows itself for alive, and two of its names apart", () => {
  const owner = workerOwner();
  expect(isDeadHere(owner)).toBe(false);
  expect(workerOwner()).not.toBe(owner);
});

it("knows a process that has ended for dead", async () => {
  const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  const { pid } = child;
  await once(child, "exit");
  expect(isDeadHere(`${hostname()}/${pid}/1/abcd`)).toBe(true);
});

it("knows another process of this machine for alive", async () => {
  const sibling = spawn(process.execPath, ["--eval", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  try {
    await once(sibling, "spawn");
    const start = (await readFile(`/proc/${sibling.pid}/stat`, "latin1")).split(") ")[1]?.split(" ")[19];
    expect(isDeadHere(`${hostname()}/${sibling.pid}/${start}/abcd`)).toBe(false);
  } finally {
    sibling.kill();
  }
});

it("knows a process apart from an earlier one of the same number", () => {
  const [host, pid, start, random] = workerOwner().split("/");
  expect(isDeadHere([host, pid, `${Number(start) - 1}`, random].join("/"))).toBe(true);
});

it("takes for alive whom it cannot see: on another machine, or a name of another form", () => {
  expect(isDeadHere("elsewhere.example/1/1/abcd")).toBe(false);
  expect(isDeadHere("somebody")).toBe(false);
});
