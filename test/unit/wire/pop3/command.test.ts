import { expect, test } from "vitest";
import { LIMITS } from "../../../../src/wire/limits.ts";
import { parseCommand } from "../../../../src/wire/pop3/command.ts";

const parse = (line: string) => parseCommand(Buffer.from(line, "latin1"));

test.each([
  ["CAPA", { kind: "capa" }],
  ["capa ", { kind: "capa" }],
  ["Stls", { kind: "stls" }],
  ["QUIT", { kind: "quit" }],
  ["utf8", { kind: "utf8" }],
  ["AUTH", { kind: "mechanisms" }],
  ["USER  a b ", { kind: "user", name: Buffer.from(" a b ") }],
  ["AUTH plain", { kind: "auth", mechanism: "PLAIN", initial: null }],
  ["AUTH SCRAM-SHA-256 =", { kind: "auth", mechanism: "SCRAM-SHA-256", initial: Buffer.from("=") }],
])("%j is a command", (line, command) => {
  expect(parse(line)).toEqual({ kind: "command", command });
});

test.each([
  ["", "unknown"],
  ["STAT", "unknown"],
  ["APOP mario c4c9334bac560ecc979e58001b3e22fb", "unknown"],
  [" CAPA", "unknown"],
  ["CAPA x", "arguments"],
  ["USER", "arguments"],
  ["PASS", "arguments"],
  ["PASS a\0b", "arguments"],
  ["AUTH PLAIN ", "arguments"],
  ["AUTH PLAIN a b", "arguments"],
  ["AUTH PLAIN  a", "arguments"],
  ["AUTH PL\xc4IN", "arguments"],
  [`USER ${"x".repeat(LIMITS.credentialOctets + 1)}`, "arguments"],
])("%j is none", (line, why) => {
  expect(parse(line)).toEqual({ kind: "bad", why });
});

test("a password is the rest of the line, in a buffer of its own, and the line is wiped", () => {
  const line = Buffer.from("PASS  pässwort ", "latin1");
  const parsed = parseCommand(line);
  if (parsed.kind !== "command" || parsed.command.kind !== "pass") throw new Error("it is a password");
  expect(parsed.command.password.reveal()).toEqual(Buffer.from(" pässwort ", "latin1"));
  expect(line.every((octet) => octet === 0)).toBe(true);
});
