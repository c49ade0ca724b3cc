import { expect, test } from "vitest";
import type { Endpoint } from "../../../src/model/endpoint.ts";
import { Failure } from "../../../src/model/failure.ts";
import { asOpeningFailure, asSideFailure } from "../../../src/upstream/imap/reading/independent-failure.ts";

const OLD: Endpoint = { host: "old.example", port: 143, tls: "starttls", ca: null, verify: true };

function failed(message: string, facts: object): Error {
  return Object.assign(new Error(message), facts);
}

test("a server that cannot be connected to is told in the words in which `check` says it", () => {
  const refused = failed("connect ECONNREFUSED 192.0.2.1:143", { code: "ECONNREFUSED" });
  expect(asOpeningFailure("source", OLD, refused)).toMatchObject({
    kind: "source-unreachable",
    message:
      "the source cannot be used: cannot connect to old.example:143: nothing listens there (connection refused)",
  });
  const unknown = failed("getaddrinfo ENOTFOUND old.example", { code: "ENOTFOUND" });
  expect(asOpeningFailure("target", OLD, unknown)).toMatchObject({
    kind: "target-unreachable",
    message: expect.stringContaining("there is no such host name in the DNS") as string,
  });
  const expired = failed("certificate has expired", { code: "CERT_HAS_EXPIRED" });
  expect(asOpeningFailure("source", OLD, expired).message).toContain("has expired");
});

test("what the server has said stays as it said it, also where a connection could be made", () => {
  const login = failed("Command failed", {
    authenticationFailed: true,
    responseText: "Authentication failed.",
    code: "AUTHENTICATIONFAILED",
  });
  expect(asOpeningFailure("source", OLD, login)).toMatchObject({
    kind: "source-auth-failed",
    message: expect.stringContaining(
      "refused the login of the independent reader: Authentication failed.",
    ) as string,
  });
  const no = failed("Command failed", { responseText: "Too many connections", code: "LIMIT" });
  expect(asOpeningFailure("source", OLD, no).message).toContain(
    "could not be read by the independent reader: Too many connections",
  );
});

test.each([
  ["NoConnection", "the connection has ended"],
  ["ECONNRESET", "it closed the connection"],
  ["GREETING_TIMEOUT", "it sends no greeting"],
])("the end of a connection (%s) is told in words", (code, words) => {
  const error = failed("Connection not available", { code });
  for (const told of [asOpeningFailure("source", OLD, error), asSideFailure("source", OLD, error)])
    expect(told.message).toBe(
      `The source server old.example:143 could not be read by the independent reader: ${words}`,
    );
});

test("a failure stays what it is", () => {
  const failure = new Failure("source-unreachable", "said already");
  expect(asSideFailure("source", OLD, failure)).toBe(failure);
  expect(asOpeningFailure("source", OLD, failure)).toBe(failure);
});
