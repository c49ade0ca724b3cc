import { type DestinationStream, type Logger, pino } from "pino";
import { standardOutput } from "./standard-output.ts";

export type Log = Logger;

export interface LogOptions {
  /** `debug`, `info`, `warn` or `error`. */
  readonly level: string;
  /** Where the lines go; standard output where absent. */
  readonly stream?: DestinationStream;
}

/** Names under which a secret must not be written, should a careless line ever carry one. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  "password",
  "pass",
  "secret",
  "verifier",
  "sealed",
  "sealedSource",
  "sealedTarget",
  "token",
]);

/** Levels of fields within fields that are written. */
const DEEPEST = 5;

/**
 * The root of all logging: one JSON line an event, the first field of each being its stable name (`events.ts`).
 *
 * Secrets never enter a log call; this is the belt for the day when one does: fields with a telling name are masked, and
 * octets, which is what every password and every message is here, are replaced by their number.
 */
export function createLog(options: LogOptions): Log {
  const settings = {
    level: options.level,
    base: { pid: process.pid },
    timestamp: isoClock(),
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => harmless(fields),
    },
    serializers: { err: errorFields, error: errorFields },
  };
  const onLost = (lines: number) =>
    log.warn({ event: "log.lost", lines }, "the disk of the log was full: lines are missing before this one");
  const log = pino(settings, options.stream ?? standardOutput({ onLost }));
  return log;
}

/** A log that writes nothing, for tests. */
export function silentLog(): Log {
  return pino({ level: "silent" });
}

/** As pino's own, which makes the whole date anew for each line: that costs as much as the line. */
function isoClock(): () => string {
  let second = Number.NaN;
  let text = "";
  return () => {
    const now = Date.now();
    const ms = now % 1000;
    if (now - ms !== second) {
      second = now - ms;
      text = new Date(second).toISOString().slice(0, -"000Z".length);
    }
    return `,"time":"${text}${String(ms).padStart(3, "0")}Z"`;
  };
}

/** Fields as they may be written: telling names masked and octets replaced, down to a depth that no honest line has. */
function harmless(fields: Record<string, unknown>, depth = 0): Record<string, unknown> {
  // Three lines a session, none of which needs a copy: pino's own masking takes twice as long as all the rest of a line.
  if (isHarmless(fields, depth)) return fields;
  const written: Record<string, unknown> = {};
  for (const name of Object.keys(fields))
    written[name] = SECRET_FIELDS.has(name) ? "[secret]" : plain(fields[name], depth);
  return written;
}

function isHarmless(fields: Record<string, unknown>, depth: number): boolean {
  for (const name in fields) {
    if (SECRET_FIELDS.has(name)) return false;
    const value = fields[name];
    if (typeof value !== "object" || value === null) continue;
    const isPlain = Object.getPrototypeOf(value) === Object.prototype && depth < DEEPEST;
    if (!isPlain || !isHarmless(value as Record<string, unknown>, depth + 1)) return false;
  }
  return true;
}

function plain(value: unknown, depth: number): unknown {
  if (value instanceof Uint8Array) return `[${value.length} octets]`;
  if (typeof value !== "object" || value === null) return value;
  if (depth >= DEEPEST) return "[…]";
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
  const isPlain = Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? harmless(value as Record<string, unknown>, depth + 1) : value;
}

/** What an error says; not its further properties, in which libraries keep input. */
function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return plain(error, 0);
  const { name, message, stack } = error;
  return {
    type: name,
    message,
    stack,
    ...(error.cause === undefined ? {} : { cause: errorFields(error.cause) }),
  };
}
