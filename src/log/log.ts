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
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: "[secret]" },
  };
  return options.stream ? pino(settings, options.stream) : pino(settings);
}

/** A log that writes nothing, for tests. */
export function silentLog(): Log {
  return pino({ level: "silent" });
}

function withoutOctets(fields: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(fields);
  if (!entries.some(([, value]) => value instanceof Uint8Array)) return fields;
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value instanceof Uint8Array ? `[${value.length} octets]` : value]),
  );
}
