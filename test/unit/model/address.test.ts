import { describe, expect, it } from "vitest";
import {
  AddressError,
  domainOf,
  localPartOf,
  parseAddress,
  parseDomainName,
} from "../../../src/model/address.ts";

describe("an address", () => {
  it("is folded to lower case, without blanks around it, its domain in A-labels", () => {
    expect(parseAddress("  Anna.Rossi@Città.Example.\n")).toBe("anna.rossi@xn--citt-3na.example");
    expect(parseAddress("ÀNNA@example.test")).toBe("ànna@example.test");
  });

  it("is split at its last @", () => {
    expect(localPartOf("anna@example.test")).toBe("anna");
    expect(domainOf("anna@example.test")).toBe("example.test");
  });

  it.each([
    "anna",
    "@example.test",
    "anna@",
    "anna@localhost",
    "an na@example.test",
    "an\0na@example.test",
    "anna@bruno@example.test",
    `${"a".repeat(65)}@example.test`,
    `anna@${"a".repeat(64)}.test`,
    "anna@-example.test",
    "anna@exa_mple.test",
  ])("is not %j", (text) => {
    expect(() => parseAddress(text)).toThrow(AddressError);
  });

  it.each(["/x", "#x", "?x", "\\x", ":25", "%41"])(
    "is not one followed by %j, though a URL would be",
    (tail) => {
      expect(() => parseAddress(`anna@example.test${tail}`)).toThrow(AddressError);
      expect(() => parseDomainName(`example.test${tail}`)).toThrow(AddressError);
    },
  );

  it("is never written into an error with its control characters", () => {
    expect(() => parseAddress("anna\x1b[31m")).toThrow(/anna\?\[31m/);
  });
});
