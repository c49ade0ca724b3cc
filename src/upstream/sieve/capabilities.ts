import type { DataLine } from "./reply.ts";

/** What a ManageSieve server offers (RFC 5804 §1.7). */
export interface SieveCapabilities {
  /** Each as a line of two quoted strings, or of one, however the server wrote it. */
  readonly lines: readonly string[];
  /** The value of a capability, whose name is in upper case; empty where it has none, `undefined` where it is not offered. */
  valueOf(name: string): string | undefined;
}

/** Reads the lines before the OK. Names and values that no quoted string can hold drop out. */
export function sieveCapabilities(data: readonly DataLine[]): SieveCapabilities {
  const lines: string[] = [];
  const values = new Map<string, string>();
  for (const { first, second } of data) {
    const name = first.toString("latin1");
    const value = second?.toString("latin1") ?? "";
    const upper = name.toUpperCase();
    if (!/^[!#-[\]-~]+$/.test(name) || /[\0\r\n]/.test(value) || values.has(upper)) continue;
    values.set(upper, value);
    lines.push(second === null ? `"${name}"` : `"${name}" "${value.replace(/["\\]/g, "\\$&")}"`);
  }
  return { lines, valueOf: (name) => values.get(name) };
}
