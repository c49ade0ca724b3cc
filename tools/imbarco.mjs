#!/usr/bin/env node
// The program's entry on every Node: from 24 on it runs imbarco in this process; an older one hands over to the Node 24 that is
// among the project's packages. Plain JavaScript, so that an old Node can at least say what is missing.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const NEEDED = 24;
const top = dirname(dirname(fileURLToPath(import.meta.url)));

if (Number(process.versions.node.split(".")[0]) >= NEEDED) {
  // Halves the start of every command. Kept beside the code, which whoever can write there could change as well; a folder in
  // /tmp would let anybody plant code there. Where it is not writable, Node goes on without.
  nodeModule.enableCompileCache(join(top, "node_modules", ".cache", "imbarco"));
  // A checkout runs its sources as they are; Node refuses .ts files below node_modules, so the package brings them compiled.
  const [source, built] = [join(top, "src", "main.ts"), join(top, "dist", "main.js")];
  await import(pathToFileURL(existsSync(source) ? source : built).href);
} else {
  handOver();
}

function handOver() {
  const newer = [join(top, "node_modules", ".bin", "node"), join(top, "..", ".bin", "node")].find((file) =>
    existsSync(file),
  );
  if (newer === undefined || process.env.IMBARCO_HANDED_OVER !== undefined) {
    console.error(
      `imbarco needs Node ${NEEDED} or newer; this is ${process.versions.node}. In a checkout run "npm ci", which brings it, ` +
        "elsewhere install it from https://nodejs.org or with: npm install --save-exact node@24",
    );
    process.exitCode = 2;
    return;
  }
  const child = spawn(
    newer,
    [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)],
    {
      stdio: "inherit",
      env: { ...process.env, IMBARCO_HANDED_OVER: "1" },
    },
  );
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"])
    process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`imbarco: ${newer} could not be started: ${error.message}`);
    process.exitCode = 2;
  });
  child.on("exit", (status, signal) => {
    process.exit(status ?? 128 + constants.signals[signal]);
  });
}
