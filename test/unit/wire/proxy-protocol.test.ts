import { describe, expect, it } from "vitest";
import { crc32c, ProxyHeaderReader, type ProxyRead, proxyHeader } from "../../../src/wire/proxy-protocol.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";
const read = (octets: Buffer | string): ProxyRead =>
  new ProxyHeaderReader().push(Buffer.from(octets as string));
const v2 = (command: string, family: string, payload: string, length = payload.length / 2) =>
  Buffer.from(`${SIGNATURE}${command}${family}${length.toString(16).padStart(4, "0")}${payload}`, "hex");
const client = (address: string, port: number, rest = "") => ({
  kind: "header",
  client: { address, port },
  rest: Buffer.from(rest),
});
const nobody = (rest = "") => ({ kind: "header", client: null, rest: Buffer.from(rest) });

describe("a PROXY header of version 1", () => {
  it("tells the client, and leaves what comes behind it", () => {
    expect(read("PROXY TCP4 192.0.2.7 198.51.100.1 56324 143\r\na LOGIN")).toEqual(
      client("192.0.2.7", 56_324, "a LOGIN"),
    );
    expect(read("PROXY TCP6 2001:DB8::7 2001:db8::1 1 65535\r\n")).toEqual(client("2001:db8::7", 1));
  });

  it("tells nobody by UNKNOWN, whatever follows", () => {
    expect(read("PROXY UNKNOWN\r\nx")).toEqual(nobody("x"));
    expect(read("PROXY UNKNOWN ffff:f...f:ffff rubbish 65535\r\n")).toEqual(nobody());
  });

  it("is waited for up to 107 octets", () => {
    expect(read("PRO")).toEqual({ kind: "more" });
    expect(read(`PROXY UNKNOWN ${"x".repeat(92)}`)).toEqual({ kind: "more" });
    expect(read(`PROXY UNKNOWN ${"x".repeat(91)}\r\n`)).toEqual(nobody());
    expect(read(`PROXY UNKNOWN ${"x".repeat(94)}`)).toMatchObject({ kind: "bad" });
    expect(read(`PROXY UNKNOWN ${"x".repeat(93)}\r\n`)).toMatchObject({ kind: "bad" });
  });

  it.each([
    "PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 56324 143 9\r\n",
    "PROXY TCP4  192.0.2.7 198.51.100.1 56324 143\r\n",
    "PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
    "PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 65536 143\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 01 143\r\n",
    "PROXY TCP4 192.0.2.07 198.51.100.1 1 143\r\n",
    "PROXY UDP4 192.0.2.7 198.51.100.1 1 143\r\n",
    "PROXY \r\n",
    "PROXYTCP4 192.0.2.7 198.51.100.1 1 143\r\n",
    "proxy TCP4 192.0.2.7 198.51.100.1 1 143\r\n",
    "a LOGIN x y\r\n",
    "\x16\x03\x01",
  ])("is not %j", (octets) => {
    expect(read(octets)).toMatchObject({ kind: "bad" });
  });
});

describe("a PROXY header of version 2", () => {
  const FOUR = "c0000207c6336401dc04008f";

  it("tells the client, and leaves what comes behind it", () => {
    expect(read(Buffer.concat([v2("21", "11", FOUR), Buffer.from("a NOOP")]))).toEqual(
      client("192.0.2.7", 56_324, "a NOOP"),
    );
    const six = "20010db800000000000000000000000720010db8000000000000000000000001dc04008f";
    expect(read(v2("21", "21", six))).toEqual(client("2001:db8::7", 56_324));
  });

  it("tells nobody by LOCAL, or by a family without TCP addresses", () => {
    expect(read(v2("20", "00", ""))).toEqual(nobody());
    expect(read(v2("20", "11", FOUR))).toEqual(nobody());
    for (const family of ["00", "12", "22", "31", "32"])
      expect(read(v2("21", family, FOUR))).toEqual(nobody());
  });

  it("may carry extensions, which must be whole", () => {
    expect(read(v2("21", "11", `${FOUR}0500044142434402000166`))).toEqual(client("192.0.2.7", 56_324));
    expect(read(v2("21", "11", `${FOUR}0500`))).toMatchObject({ kind: "bad" });
    expect(read(v2("21", "11", `${FOUR}05000541424344`))).toMatchObject({ kind: "bad" });
  });

  it("is refused where its checksum is wrong", () => {
    const blank = v2("21", "11", `${FOUR}03000400000000`);
    const right = Buffer.from(blank);
    right.writeUInt32BE(crc32c(blank), blank.length - 4);
    expect(read(right)).toEqual(client("192.0.2.7", 56_324));
    expect(read(blank)).toMatchObject({ kind: "bad" });
    expect(read(v2("21", "11", `${FOUR}030001ff`))).toMatchObject({ kind: "bad" });
  });

  it("has the checksum of RFC 9260 Appendix A", () => {
    expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
  });

  it("is bounded at 4,096 octets", () => {
    expect(read(v2("21", "11", FOUR, 4_080))).toEqual({ kind: "more" });
    expect(read(v2("21", "11", FOUR, 4_081))).toMatchObject({ kind: "bad" });
  });

  it.each([
    ["another version", v2("11", "11", FOUR)],
    ["an unknown command", v2("22", "11", FOUR)],
    ["an unknown family", v2("21", "41", FOUR)],
    ["too few octets for its addresses", v2("21", "11", FOUR.slice(2))],
  ])("is refused with %s", (_what, octets) => {
    expect(read(octets)).toMatchObject({ kind: "bad" });
  });
});

describe("the header that we send", () => {
  const server = { address: "198.51.100.1", port: 143 };

  it("tells client and server in their family", () => {
    const header = proxyHeader({ address: "192.0.2.7", port: 56_324 }, server);
    expect(header).toEqual(v2("21", "11", "c0000207c6336401dc04008f"));
  });

  it("puts an IPv4 end inside IPv6 where the other end is IPv6", () => {
    const header = proxyHeader({ address: "2001:db8::7", port: 1 }, server);
    expect(header.toString("hex")).toBe(
      `${SIGNATURE}2121002420010db800000000000000000000000700000000000000000000ffffc63364010001008f`,
    );
    expect(read(header)).toEqual(client("2001:db8::7", 1));
  });

  it("says that TLS protects the client, and which, as HAProxy's send-proxy-v2-ssl does", () => {
    const who = { address: "192.0.2.7", port: 56_324 };
    const addresses = "c0000207c6336401dc04008f";
    const version = `210007${Buffer.from("TLSv1.3").toString("hex")}`;
    const cipher = `230016${Buffer.from("TLS_AES_256_GCM_SHA384").toString("hex")}`;
    const tls = { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" };
    const header = proxyHeader(who, server, tls);
    expect(header).toEqual(v2("21", "11", `${addresses}2000280100000001${version}${cipher}`));
    expect(read(header)).toEqual(client("192.0.2.7", 56_324));
    const unknown = { version: null, cipher: null };
    expect(proxyHeader(who, server, unknown)).toEqual(v2("21", "11", `${addresses}2000050100000001`));
    expect(proxyHeader(null, server, tls)).toEqual(v2("20", "00", ""));
  });

  it("is LOCAL where we come for nobody, or for somebody whose address is none", () => {
    const local = v2("20", "00", "");
    expect(proxyHeader(null, server)).toEqual(local);
    expect(proxyHeader({ address: "unknown", port: 0 }, server)).toEqual(local);
  });

  it("tells an IPv4 client of an IPv6 socket as what it is, and drops zones", () => {
    expect(read(proxyHeader({ address: "::ffff:192.0.2.7", port: 9 }, server))).toEqual(
      client("192.0.2.7", 9),
    );
    expect(read(proxyHeader({ address: "fe80::1%eth0", port: 9 }, server))).toEqual(client("fe80::1", 9));
  });
});
