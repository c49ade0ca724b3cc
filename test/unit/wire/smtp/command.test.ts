import { describe, expect, test } from "vitest";
import { parseCommand } from "../../../../src/wire/smtp/command.ts";

const parse = (line: string) => parseCommand(Buffer.from(line, "latin1"));

describe("a line is read as the command it is", () => {
  test.each([
    ["EHLO pc.test", { kind: "ehlo", name: "pc.test" }],
    ["ehlo  [IPv6:::1]  ", { kind: "ehlo", name: "[IPv6:::1]" }],
    ["HELO x", { kind: "helo", name: "x" }],
    ["STARTTLS", { kind: "starttls" }],
    ["StartTLS \t", { kind: "starttls" }],
    ["QUIT\t", { kind: "quit" }],
    ["NOOP anything at all", { kind: "noop" }],
    ["AUTH PLAIN", { kind: "auth", mechanism: "PLAIN", initial: null }],
    ["AUTH PLAIN =", { kind: "auth", mechanism: "PLAIN", initial: Buffer.from("=") }],
    ["auth login  bWFyaW8=", { kind: "auth", mechanism: "login", initial: Buffer.from("bWFyaW8=") }],
    ["MAIL FROM:<>", { kind: "other" }],
    ["X-WHAT", { kind: "other" }],
  ])("%j", (line, command) => {
    expect(parse(line)).toEqual({ kind: "command", command });
  });
});

test.each(["", " EHLO x", "250 OK", "EHLO\tx", "MAÏL", "-", "{5}", "\0"])("%j is no command", (line) => {
  expect(parse(line)).toEqual({ kind: "bad", why: "command" });
});

test.each([
  "EHLO",
  "EHLO a b",
  "EHLO \x7f",
  `HELO ${"x".repeat(256)}`,
  "RSET now",
  "STARTTLS now",
  "AUTH",
  "AUTH PLAIN a b",
  "AUTH my-own-very-secret-password",
])("the arguments of %j are wrong", (line) => {
  expect(parse(line)).toEqual({ kind: "bad", why: "arguments" });
});

test("a line that was read is wiped, and what was read of it is a copy", () => {
  const line = Buffer.from("AUTH PLAIN AG1hcmlvAHNlY3JldA==");
  expect(parseCommand(line)).toMatchObject({ command: { initial: Buffer.from("AG1hcmlvAHNlY3JldA==") } });
  expect(line.every((octet) => octet === 0)).toBe(true);
});
