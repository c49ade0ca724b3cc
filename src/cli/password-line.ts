import { addAbortSignal, type Readable } from "node:stream";
import { Secret } from "../kit/secret.ts";
import { CliError } from "./output.ts";

const LF = 0x0a;
const CR = 0x0d;
/** As for a login by a mail program: a credential is never longer. */
const PASSWORD_LIMIT_OCTETS = 1024;

/**
 * The first line of standard input as the password: its octets as they are, without the line end.
 * @throws {CliError} when there is none, it is too long, or standard input is a terminal
 * @throws an AbortError when `signal` aborts
 */
export async function readPasswordLine(stdin: Readable, signal?: AbortSignal): Promise<Secret> {
  if ("isTTY" in stdin && stdin.isTTY === true)
    throw new CliError("usage", "standard input is a terminal, which would show the password", {
      exitStatus: 2,
      hint: "Give it from a file or a program, for example: systemd-ask-password | imbarco migrate anna@example.org --password-stdin",
    });
  if (signal) addAbortSignal(signal, stdin);
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer | string>) {
    const octets = Buffer.from(chunk);
    const end = octets.indexOf(LF);
    pieces.push(end < 0 ? octets : octets.subarray(0, end));
    length += pieces.at(-1)?.length ?? 0;
    if (end >= 0 || length > PASSWORD_LIMIT_OCTETS + 1) break;
  }
  const line = Buffer.concat(pieces);
  for (const piece of pieces) piece.fill(0);
  const password = new Secret(Buffer.from(line.at(-1) === CR ? line.subarray(0, -1) : line));
  line.fill(0);
  if (password.length === 0)
    throw new CliError("usage", "there is no password on standard input", {
      exitStatus: 2,
      hint: "Write it as one line, for example: imbarco migrate anna@example.org --password-stdin < password.txt",
    });
  if (password.length > PASSWORD_LIMIT_OCTETS)
    throw new CliError("usage", `the password is longer than ${PASSWORD_LIMIT_OCTETS} octets`, {
      exitStatus: 2,
    });
  return password;
}
