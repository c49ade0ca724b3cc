import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { Output } from "../../../src/cli/output.ts";
import { runProgram } from "../../../src/cli/program.ts";
import { StoppedBySignal } from "../../../src/cli/stopped-by-signal.ts";

const BAD = join(import.meta.dirname, "../../bad-config/01-unknown-key/imbarco.yaml");

async function run(...words: string[]) {
  return await runUnder(new AbortController().signal, words);
}

async function runUnder(signal: AbortSignal, words: readonly string[]) {
  let [stdout, stderr] = ["", ""];
  const out = new Output({
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    isTty: false,
    columns: 80,
    lines: 24,
    colours: false,
  });
  const status = await runProgram({
    words,
    out,
    stdin: Readable.from([]),
    signal,
  });
  return { status, stdout, stderr };
}

test("the version and the help are results", async () => {
  expect(await run("--version")).toMatchObject({ status: 0, stdout: "0.1.0\n", stderr: "" });
  const help = await run("check", "--help");
  expect(help).toMatchObject({ status: 0, stderr: "" });
  expect(help.stdout).toContain("--config <file>");
});

test("every command of the contract is there", async () => {
  const { stdout } = await run("--help");
  const names = "serve check domain users report migrate watch verify dns finalize".split(" ");
  expect(names.filter((name) => !new RegExp(`^  ${name}\\b`, "m").test(stdout))).toEqual([]);
});

test("the list of commands says of each what the command itself says, although that is not loaded for the list", async () => {
  const listOf = (help: string) => help.slice(help.indexOf("\nCommands:"));
  const { stdout } = await run("--help");
  const names = [...listOf(stdout).matchAll(/^ {2}(\w+)/gm)].map(([, name = ""]) => name);
  // A command whose name is among the words is loaded; "--help" before them still asks for the list.
  const withAll = await run("--help", ...names.filter((name) => name !== "help"));
  expect(listOf(withAll.stdout)).toBe(listOf(stdout));
});

test("without a command the help is shown and the usage is wrong", async () => {
  const { status, stdout, stderr } = await run();
  expect(status).toBe(2);
  expect(stdout + stderr).toContain("Usage: imbarco");
});

test("a mistyped command is answered with the nearest one, as wrong usage", async () => {
  const { status, stdout, stderr } = await run("chek");
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toContain("unknown command 'chek'");
  expect(stderr).toContain("Did you mean check?");
});

test.each([
  ["before the command", ["--config", BAD, "--json", "check"]],
  ["behind the command", ["check", "--json", "--config", BAD]],
])("global options may stand %s", async (_where, words) => {
  const { status, stdout, stderr } = await run(...words);
  expect(status).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: "configuration", hint: null } });
  expect(stderr).toContain('did you mean "hostname"?');
});

test("wrong usage has the same shape in JSON", async () => {
  const { status, stdout } = await run("check", "--jsn", "--json");
  expect(status).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: "usage", message: "unknown option '--jsn'" } });
});

test.each([
  [["users", "import"], '"imbarco users import --help" says what is possible.'],
  [["domain", "ad"], '(Did you mean add?)\n"imbarco domain --help" says what is possible.'],
  [["--jsn"], '"imbarco --help" says what is possible.'],
])("wrong usage of %j names the help to read", async (words, hint) => {
  const { status, stderr } = await run(...words);
  expect(status).toBe(2);
  expect(stderr).toContain(hint);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)(
  "a command that %s has stopped says so by its status, as shells count; one that was done is done",
  async (name, status) => {
    const signal = AbortSignal.abort(new StoppedBySignal(name));
    expect((await runUnder(signal, ["check", "--config", BAD])).status).toBe(status);
    expect((await runUnder(signal, ["--version"])).status).toBe(0);
    // A signal is how it is told to stop: what has failed then has failed.
    expect((await runUnder(signal, ["serve", "--config", BAD])).status).toBe(2);
  },
);
