import { Output } from "./cli/output.ts";
import { STATUS_OF_SIGNAL, STOP_SIGNALS, StoppedBySignal } from "./cli/stopped-by-signal.ts";
import { isSupervised } from "./process/line.ts";

/** npm passes Ctrl-C on although the terminal has sent it to everybody already: within this time both count as one. */
const SAME_SIGNAL_MS = 1_000;

const { stdout, stderr } = process;

// `imbarco users list … | head` ends the reader first: no fault, and nothing left to do. Other errors are told at the end.
for (const stream of [stdout, stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
  });
}

// The first signal asks the command to end in order, a later one ends it at once.
const interruption = new AbortController();
let interruptedAt = 0;
for (const name of STOP_SIGNALS) {
  process.on(name, () => {
    if (interruptedAt === 0) interruptedAt = Date.now();
    else if (Date.now() - interruptedAt > SAME_SIGNAL_MS) process.exit(STATUS_OF_SIGNAL[name]);
    interruption.abort(new StoppedBySignal(name));
  });
}

const out = new Output({
  stdout,
  stderr,
  isTty: stdout.isTTY ?? false,
  // Asked each time: a window may change its size while something is shown in it.
  get columns() {
    return stdout.columns ?? 80;
  },
  get lines() {
    return stdout.rows;
  },
  colours: (stdout.isTTY ?? false) && (process.env["NO_COLOR"] ?? "") === "",
});
const status = isSupervised() ? await workOn(interruption.signal) : await runCommand();

// A reader of a pipe gets everything before the process ends, and a forgotten handle cannot hold the terminal.
stdout.write("", () => {
  const error: NodeJS.ErrnoException | null = stdout.errored;
  const isLost = error !== null && error.code !== "EPIPE";
  if (isLost) out.note(`imbarco: the result could not be written: ${error.message}`);
  stderr.write("", () => end(isLost ? status || 1 : status));
});

/**
 * A shell goes on with its loop as long as the command in it does not die of Ctrl-C itself, so a command that a signal ended does that; what watches by the number
 * alone sees 130 or 143 either way. The first process of a container outlives its own signal.
 */
function end(last: number): void {
  const signal = STOP_SIGNALS.find((name) => STATUS_OF_SIGNAL[name] === last);
  if (signal !== undefined) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
  process.exit(last);
}

/** What the person at the terminal asks for. */
async function runCommand(): Promise<number> {
  const { runProgram } = await import("./cli/program.ts");
  const words = process.argv.slice(2);
  return runProgram({ words, out, stdin: process.stdin, signal: interruption.signal });
}

/** What a supervisor asks for. Nothing of the commands is loaded: it would double the memory of each process. */
async function workOn(signal: AbortSignal): Promise<number> {
  const [{ work }, { asCliError }] = await Promise.all([import("./work.ts"), import("./cli/error.ts")]);
  const explain = (thrown: unknown) => {
    const { code, message, hint, exitStatus } = asCliError(thrown);
    return { code, message, hint, exitStatus };
  };
  await work({ signal, explain });
  return 0;
}
