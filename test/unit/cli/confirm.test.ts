import { Readable } from "node:stream";
import { afterEach, expect, test, vi } from "vitest";
import { confirm, confirmOnTerminal } from "../../../src/cli/confirm.ts";
import type { CliContext } from "../../../src/cli/context.ts";
import { Output } from "../../../src/cli/output.ts";

const LOSS = "All would be lost.";

afterEach(() => vi.restoreAllMocks());

/** What was asked while `answer` stood on standard input. */
async function asked(
  how: typeof confirm,
  answer: string,
  { stdout = true, stdin = true, yes = false } = {},
): Promise<{ question: string; outcome: string }> {
  let question = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => ((question += String(text)), true));
  const input = Object.assign(Readable.from([Buffer.from(answer)]), { isTTY: stdin });
  const silent = { write: () => true };
  const out = new Output({ stdout: silent, stderr: silent, isTty: stdout, columns: 80, colours: false });
  const context: CliContext = {
    configFile: "",
    json: false,
    out,
    stdin: input,
    signal: new AbortController().signal,
  };
  const outcome = await how(context, LOSS, yes).then(
    () => "went on",
    (error: Error) => error.message,
  );
  return { question, outcome };
}

test.each([
  ["confirm", confirm],
  ["confirmOnTerminal", confirmOnTerminal],
])("%s goes on after yes only, and without a question by --yes", async (_name, how) => {
  expect(await asked(how, "yes\n")).toMatchObject({ outcome: "went on" });
  expect((await asked(how, "y\n")).question).toContain(`${LOSS} Go on? [y/N]`);
  for (const answer of ["n\n", "\n", "yesterday\n", ""])
    expect(await asked(how, answer)).toMatchObject({ outcome: "nothing was done" });
  expect(await asked(how, "n\n", { yes: true })).toEqual({ question: "", outcome: "went on" });
});

test.each([{ stdout: false }, { stdin: false }])(
  "where no terminal is (%o), one refuses and the other goes on unasked",
  async (terminal) => {
    expect(await asked(confirm, "y\n", terminal)).toEqual({ question: "", outcome: LOSS });
    expect(await asked(confirmOnTerminal, "n\n", terminal)).toEqual({ question: "", outcome: "went on" });
  },
);
