import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";

export type Log = Logger;

export interface LogOptions {
  /** `debug`, `info`, `warn` or `error`. */
  readonly level: string;
  /** Where the lines go; standard output where absent. */
  readonly stream?: DestinationStream;
}

/** Names under which a secret must not be written, should a careless line ever carry one. */
const SECRET_FIELDS = [
  "password",
  "pass",
  "secret",
  "verifier",
  "sealed",
  "sealedSource",
  "sealedTarget",
  "token",
];

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
    timestamp: stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => withoutOctets(fields),
    },
    serializers: { err: errorFields, error: errorFields },
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: "[secret]" },
  };
  return options.stream ? pino(settings, options.stream) : pino(settings);
}

/** A log that writes nothing, for tests. */
export function silentLog(): Log {
  return pino({ level: "silent" });
}

/** Fields as they may be written: octets anywhere in them replaced, down to a depth that no honest line has. */
function withoutOctets(fields: Record<string, unknown>, depth = 0): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value, depth)]));
}

function plain(value: unknown, depth: number): unknown {
  if (value instanceof Uint8Array) return `[${value.length} octets]`;
  if (typeof value !== "object" || value === null) return value;
  if (depth >= DEEPEST) return "[…]";
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
  const isPlain = Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? withoutOctets(value as Record<string, unknown>, depth + 1) : value;
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
