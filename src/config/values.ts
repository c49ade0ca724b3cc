import { Resolver } from "node:dns";
import { domainToASCII } from "node:url";
import { z } from "zod";
import { parseFingerprint } from "../model/fingerprint.ts";
import { parseNetwork } from "../model/ip.ts";
import { isTimeZone } from "../model/night.ts";
import type { ListenAddress } from "./config.ts";

const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/;
const DURATION_UNITS_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Node's timers wrap round at 2^31 ms, a little under 25 days. */
const LONGEST_DURATION_MS = 7 * 86_400_000;

const SIZE = /^(\d{1,12})([KMG]?)$/;
const SIZE_UNITS: Record<string, number> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

const LISTEN = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^\s:[\]]+)):(\d{1,5})$/;

const SERVER_NAME = /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z][a-z0-9-]{0,62}$/;

/** A time such as `30s` or `5m`, in milliseconds. */
export function duration(shortestMs: number) {
  return z
    .string({ error: "must be a duration with its unit, such as 30s, 5m or 1h" })
    .regex(DURATION, { error: "must be a duration with its unit, such as 30s, 5m or 1h", abort: true })
    .transform(parseDuration)
    .refine((ms) => ms >= shortestMs, { error: `must be at least ${shortestMs} ms` })
    .refine((ms) => ms <= LONGEST_DURATION_MS, { error: "must be at most 7d" })
    .meta({ form: "a duration such as `30s`, `5m` or `1h`" });
}

/** A number of octets, or a text such as `25M`. K, M and G are powers of 1024, as in Dovecot. */
export function size() {
  const message = "must be a size such as 25M, 1G or a number of octets";
  const written = z
    .string()
    .regex(SIZE, { error: message, abort: true })
    .transform(parseSize)
    .refine((octets) => octets > 0, { error: message });
  return z
    .union([z.int().min(1, { error: message }), written], { error: message })
    .meta({ form: "a size such as `25M` or `1G`, or a number of octets" });
}

/** `address:port`, `[IPv6]:port` or `name:port`; port 0 lets the system choose a free one. */
export function listenAddress() {
  const message = 'must be an address and port, such as "0.0.0.0:143" or "[::]:143"';
  return z
    .string({ error: message })
    .regex(LISTEN, { error: message, abort: true })
    .transform(parseListen)
    .refine((listen) => listen.port <= 65_535, { error: "the port must be at most 65535" })
    .meta({ form: "`address:port` or `[IPv6]:port`; port 0 is any free one" });
}

/** A time of day such as `22:00`, in minutes after midnight. */
export function timeOfDay() {
  const message = 'must be a time of day such as "22:00"';
  return z
    .string({ error: message })
    .regex(/^([01]?\d|2[0-3]):[0-5]\d$/, { error: message, abort: true })
    .transform(parseTimeOfDay)
    .meta({ form: "a time of day such as `22:00`" });
}

/** A name from the time zone database. */
export function timeZone() {
  const message = "must be a time zone that this machine knows, such as Europe/Rome";
  return z
    .string({ error: message })
    .refine(isTimeZone, { error: message })
    .meta({ form: "a time zone such as `Europe/Rome`" });
}

/** A name or address of a host. */
export function host() {
  const message = "must be the name or address of a host";
  return z
    .string({ error: message })
    .regex(/^[\w.:%-]+$/, { error: message })
    .meta({ form: "a host's name or address" });
}

/** A name that clients ask for (SNI), as A-labels; `*` may stand for its first label. */
export function serverName() {
  const message = "must be the name of a host such as mail.example.it, or *.example.it";
  return z
    .string({ error: message })
    .transform((name) => (name.startsWith("*.") ? `*.${domainToASCII(name.slice(2))}` : domainToASCII(name)))
    .refine((name) => SERVER_NAME.test(name), { error: message })
    .meta({ form: "a host's name, or `*.` and a domain" });
}

/** SHA-256 of a certificate. */
export function fingerprint() {
  const message = "must be a SHA-256 fingerprint of 64 hexadecimal digits";
  return z
    .string({ error: message })
    .refine((text) => parseFingerprint(text) !== null, { error: message, abort: true })
    .transform((text) => parseFingerprint(text) ?? "");
}

/** A resolver as `address[:port]`. Not by name: there would be nobody to ask for it. */
export function resolver() {
  const message = 'must be an address, or address:port, such as 192.0.2.53 or "[2001:db8::53]:53"';
  return z
    .string({ error: message })
    .refine(isResolver, { error: message })
    .meta({ form: "`address`, `address:port` or `[IPv6]:port`" });
}

/** A network such as `10.0.0.0/8`, or one address. */
export function network() {
  const message = "must be a network or an address, such as 10.0.0.0/8 or 2001:db8::7";
  return z
    .string({ error: message })
    .transform((written, context) => {
      const parsed = parseNetwork(written);
      if (parsed !== null) return parsed;
      context.addIssue({ code: "custom", message: `${message}; "${written}" is none` });
      return z.NEVER;
    })
    .meta({ form: "a network such as `10.0.0.0/8`, or an address" });
}

/** A TCP port to connect to. */
export function port() {
  const message = "must be a port number, 1 to 65535";
  return z.int({ error: message }).min(1, { error: message }).max(65_535, { error: message });
}

/** A path; a relative one starts at the folder of the configuration file. */
export function path() {
  return z.string({ error: "must be a path" }).min(1, { error: "must be a path" }).meta({ form: "a path" });
}

/** One of several words. */
export function word<const T extends readonly [string, ...string[]]>(words: T) {
  return z.enum(words);
}

/** A whole number within bounds. */
export function count(lowest: number, highest: number) {
  const message = `must be a whole number, ${lowest} to ${highest}`;
  return z.int({ error: message }).min(lowest, { error: message }).max(highest, { error: message });
}

/** A text that is not empty. */
export function text() {
  return z.string({ error: "must be a text" }).min(1, { error: "must not be empty" });
}

function parseDuration(text: string): number {
  const [, digits = "", unit = ""] = DURATION.exec(text) ?? [];
  return Number(digits) * (DURATION_UNITS_MS[unit] ?? Number.NaN);
}

function parseSize(text: string): number {
  const [, digits = "", unit = ""] = SIZE.exec(text) ?? [];
  return Number(digits) * (SIZE_UNITS[unit] ?? Number.NaN);
}

function parseTimeOfDay(text: string): number {
  const [hours = "", minutes = ""] = text.split(":");
  return Number(hours) * 60 + Number(minutes);
}

function parseListen(text: string): ListenAddress {
  const [, six, other, port = ""] = LISTEN.exec(text) ?? [];
  return { host: six ?? other ?? "", port: Number(port) };
}

/** By those who will ask it: nothing is asked here. */
function isResolver(text: string): boolean {
  try {
    new Resolver().setServers([text]);
    return true;
  } catch {
    return false;
  }
}
