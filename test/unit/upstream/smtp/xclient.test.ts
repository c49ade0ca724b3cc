import { expect, test } from "vitest";
import type { Origin } from "../../../../src/upstream/origin.ts";
import { xclientCommand } from "../../../../src/upstream/smtp/xclient.ts";

const ORIGIN: Origin = { address: "192.0.2.1", port: 50_000, session: "abc", hops: 4, hello: "pc.test" };
const POSTFIX = ["NAME", "ADDR", "PROTO", "HELO", "REVERSE_NAME", "PORT", "LOGIN", "DESTADDR", "DESTPORT"];
const DOVECOT = ["ADDR", "PORT", "PROTO", "HELO", "LOGIN", "SESSION", "TTL", "TIMEOUT", "FORWARD"];

test("each server hears what it takes, and none hears LOGIN, which would stand for a finished one", () => {
  expect(xclientCommand(POSTFIX, ORIGIN)).toBe(
    "XCLIENT ADDR=192.0.2.1 NAME=[UNAVAILABLE] PORT=50000 PROTO=ESMTP HELO=pc.test",
  );
  expect(xclientCommand(DOVECOT, ORIGIN)).toBe(
    "XCLIENT ADDR=192.0.2.1 PORT=50000 PROTO=ESMTP SESSION=abc TTL=4 HELO=pc.test",
  );
});

test("an IPv6 address says that it is one", () => {
  expect(xclientCommand(["ADDR"], { ...ORIGIN, address: "2001:db8::1" })).toBe(
    "XCLIENT ADDR=IPV6:2001:db8::1",
  );
});

test("a name cannot end the value or the line", () => {
  expect(xclientCommand(["HELO"], { ...ORIGIN, hello: "a+b=c d\r\n\xe9" })).toBe(
    "XCLIENT HELO=a+2Bb+3Dc+20d+0D+0A+E9",
  );
});

test("a name that makes the command too long for SMTP is left out", () => {
  const command = xclientCommand(POSTFIX, { ...ORIGIN, hello: "+".repeat(255) });
  expect(command).toBe("XCLIENT ADDR=192.0.2.1 NAME=[UNAVAILABLE] PORT=50000 PROTO=ESMTP");
});

test("a server that takes nothing of it hears nothing", () => {
  expect(xclientCommand(["DESTADDR"], ORIGIN)).toBeNull();
});
