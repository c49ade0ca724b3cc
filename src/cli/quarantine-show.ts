import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { Command } from "commander";
import { readOriginal } from "../cutover/original.ts";
import { findMessage, type QuarantinedMessage } from "../cutover/quarantine.ts";
import { NotComparableError } from "../cutover/verify.ts";
import { parseAddress } from "../model/address.ts";
import type { Domain } from "../model/domain.ts";
import { endpointName } from "../model/endpoint.ts";
import { timeText } from "./account-view.ts";
import { type App, type CliContext, withApp } from "./context.ts";
import { copyDeps } from "./copy-deps.ts";
import { CliError } from "./output.ts";
import type { Runner } from "./program.ts";

interface Options {
  readonly save?: string;
}

/** `imbarco quarantine show ADDRESS FOLDER UID`: all that is known of one message. */
export function quarantineShowCommand(run: Runner): Command {
  return new Command("show")
    .description("all that is known of one message that was refused, with the server's words at every step")
    .argument("<address>", "the account")
    .argument("<folder>", "its folder at the source, as the list shows it")
    .argument("<uid>", "its UID there", uidOf)
    .option("--save <file>", "read the message from the source, which changes nothing there, into a new file")
    .action(
      run(async (context, text: string, folder: string, uid: number, options: Options) => {
        const address = parseAddress(text);
        await withApp(context, async (app) => {
          const found = await findMessage(app, address, folder, uid);
          if (!found)
            throw new CliError(
              "not_found",
              `nothing is known of UID ${uid} in folder ${folder} of ${address}`,
              {
                hint: `"imbarco quarantine list ${address} --all" shows what was refused.`,
              },
            );
          if (options.save !== undefined)
            await save(context, app, address, { folder: found.source, uid, file: options.save });
          const domain = await domainOf(app, address);
          if (context.json) context.out.json(found.message);
          else print(context, found.message, domain);
        });
      }),
    );
}

/** @throws {CliError} for what is no UID (RFC 9051 §2.3.1.1: a number of 32 bits that is not zero) */
export function uidOf(text: string): number {
  const uid = /^[0-9]{1,10}$/.test(text) ? Number(text) : 0;
  if (uid === 0 || uid > 0xffff_ffff)
    throw new CliError("usage", `"${text}" is not the UID of a message`, { exitStatus: 2 });
  return uid;
}

async function save(
  context: CliContext,
  app: App,
  address: string,
  what: { readonly folder: string; readonly uid: number; readonly file: string },
): Promise<void> {
  const deps = await copyDeps(app);
  // Never over a file that is there already; a message is private.
  const write = (body: AsyncIterable<Buffer>) =>
    pipeline(body, createWriteStream(what.file, { flags: "wx", mode: 0o600 })).catch((error: Error) => {
      throw new CliError("file", unwritable(what.file, error), { cause: error });
    });
  const given = await readOriginal(deps, { address, ...what }, write, context.signal).catch(
    (error: unknown) => {
      if (!(error instanceof NotComparableError)) throw error;
      throw new CliError("not_readable", error.message, { cause: error });
    },
  );
  if (!given)
    throw new CliError(
      "not_found",
      `the source does not hand out UID ${what.uid}: it may have been deleted there`,
    );
  context.out.note(`saved as ${what.file}`);
}

function unwritable(file: string, error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "EEXIST":
      return `${file} cannot be written: there is such a file already, and it stays as it is; give another name`;
    case "ENOENT":
      return `${file} cannot be written: there is no such folder`;
    case "EACCES":
      return `${file} cannot be written: this user may write nothing there`;
    default:
      return `${file} cannot be written: ${error.message}`;
  }
}

async function domainOf(app: App, address: string): Promise<Domain | undefined> {
  const account = await app.store.accounts.get(address);
  return account && (await app.store.domains.get(account.domain));
}

const STEP_WORDS = {
  "as-is": "as it is",
  mended: "mended (line ends, NULs)",
  wrapped: "wrapped in a covering message",
} as const;

function print({ out }: CliContext, message: QuarantinedMessage, domain: Domain | undefined): void {
  const server = domain ? ` on ${endpointName(domain.source)}` : "";
  const steps = message.steps.map(({ step, words }): [string, string] => [
    `refused ${STEP_WORDS[step]}`,
    words,
  ]);
  const rows: [string, string][] = [
    ["account", message.address],
    [
      "at the source",
      `folder ${message.folder}, UID ${message.uid}, UIDVALIDITY ${message.uidValidity}${server}`,
    ],
    ["date", timeText(message.date)],
    ["size", `${message.size} octets`],
    ["subject", message.subject ?? "not known"],
    ["on the target", whereabouts(message)],
    ...(steps.length > 0
      ? steps
      : message.reason === null
        ? []
        : [["reason", message.reason] as [string, string]]),
    ...(message.isTriedAgain ? [["tried again", "by the next pass"] as [string, string]] : []),
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  for (const [label, value] of rows) out.line(`${label.padEnd(width)}  ${value}`);
  if (domain && domain.state !== "finalized" && message.outcome !== "gone")
    out.note("The message is still at the source: --save FILE reads it from there.");
}

function whereabouts({ outcome, targetFolder, targetUid }: QuarantinedMessage): string {
  const place = `folder ${targetFolder}${targetUid === null ? "" : `, UID ${targetUid}`}`;
  switch (outcome) {
    case "mended":
    case "wrapped":
      return `stored ${STEP_WORDS[outcome]}, ${place}`;
    case "stored":
      return `stored as it is, ${place}`;
    case "refused":
      return "not there";
    case "gone":
      return "not there; the source has deleted it meanwhile";
  }
}
