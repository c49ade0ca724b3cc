import { describe, expect, it } from "vitest";
import { addressOctets, addressText, isInside, parseNetwork } from "../../../src/model/ip.ts";

describe("an address", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:db8::1:0:0:1", "2001:db8::1:0:0:1"],
    ["::ffff:192.0.2.7", "::ffff:192.0.2.7"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ])("%s is the same as %s", (written, shown) => {
    const octets = addressOctets(written);
    expect(octets && addressText(octets)).toBe(shown);
  });

  it.each([
    "",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.4 ",
    "1:2:3:4:5:6:7",
    "1::2::3",
    "1:2:3:4:5:6:7:8:9",
    ":::",
    "12345::",
    "g::",
    "::1.2.3",
    "1.2.3.4::",
    "fe80::1%eth0",
  ])("%j is none", (written) => {
    expect(addressOctets(written)).toBeNull();
  });
});

describe("a network", () => {
  const inside = (network: string, address: string) => {
    const parsed = parseNetwork(network);
    return parsed !== null && isInside([parsed], address);
  };

  it("holds the addresses that share its bits", () => {
    expect(inside("10.0.0.0/8", "10.255.0.1")).toBe(true);
    expect(inside("10.0.0.0/8", "11.0.0.1")).toBe(false);
    expect(inside("192.0.2.128/25", "192.0.2.127")).toBe(false);
    expect(inside("192.0.2.128/25", "192.0.2.200")).toBe(true);
    expect(inside("2001:db8::/33", "2001:db8:7fff::1")).toBe(true);
    expect(inside("2001:db8::/33", "2001:db8:8000::1")).toBe(false);
    expect(inside("0.0.0.0/0", "198.51.100.1")).toBe(true);
    expect(inside("0.0.0.0/0", "2001:db8::1")).toBe(false);
    expect(inside("192.0.2.7", "192.0.2.7")).toBe(true);
    expect(inside("192.0.2.7", "192.0.2.8")).toBe(false);
  });

  it("knows an IPv4 client of an IPv6 socket, and a client with a zone", () => {
    expect(inside("192.0.2.0/24", "::ffff:192.0.2.7")).toBe(true);
    expect(inside("::ffff:192.0.2.0/120", "192.0.2.7")).toBe(true);
    expect(inside("fe80::/10", "fe80::1%eth0")).toBe(true);
    expect(inside("::/0", "192.0.2.7")).toBe(false);
  });

  it.each([
    "10.0.0.1/8",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.0.0.0/08",
    "host",
    "::/129",
    "1::1/64",
  ])("%s is none", (written) => {
    expect(parseNetwork(written)).toBeNull();
  });

  it("has nobody in it whose address is unknown", () => {
    expect(inside("0.0.0.0/0", "unknown")).toBe(false);
  });
});
