import { describe, expect, it } from "vitest";
import { type Originator, originOf, refuseCircles } from "../../../src/login/originating.ts";
import type { TlsMode } from "../../../src/model/endpoint.ts";
import { isToldInProtocol, prefaceFor } from "../../../src/upstream/origin.ts";

const login = { client: { address: "::ffff:192.0.2.7", port: 4711, tls: false }, session: "abc" };
const endpoint = { host: "127.0.0.1", port: 143, tls: "none", ca: null, verify: true } as const;

describe("what the target is told of a client", () => {
  it("is its address in its own form, its port, our session and one hop less", () => {
    expect(originOf(login)).toEqual({
      address: "192.0.2.7",
      port: 4711,
      session: "abc",
      hops: 4,
      hello: null,
    });
    const far = { ...login, client: { ...login.client, address: "fe80::1%eth0" }, hops: 2, hello: "laptop" };
    expect(originOf(far)).toMatchObject({ address: "fe80::1", hops: 1, hello: "laptop" });
  });

  it("never grants more hops than there are at first", () => {
    expect(originOf({ ...login, hops: 200 }).hops).toBe(4);
  });

  it("goes by the protocol, by a PROXY header or not at all, as the server is set", () => {
    expect(isToldInProtocol(endpoint)).toBe(true);
    expect(isToldInProtocol({ ...endpoint, clientAddress: "none" })).toBe(false);
    expect(prefaceFor(endpoint, originOf(login))).toBeUndefined();
    const proxy = { ...endpoint, clientAddress: "proxy" } as const;
    expect(isToldInProtocol(proxy)).toBe(false);
    const socket = { remoteAddress: "198.51.100.1", remotePort: 143 };
    expect(prefaceFor(proxy, originOf(login))?.(socket).toString("hex")).toMatch(
      /2111000cc0000207c63364011267008f$/,
    );
    expect(prefaceFor(proxy, null)?.(socket).toString("hex")).toMatch(/20000000$/);
  });

  it("is by a PROXY header also whether TLS protects it, but for a server that would then take no STARTTLS from us", () => {
    const inUse = { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256" };
    const secure = { ...login, client: { ...login.client, tls: true }, tlsInUse: () => inUse };
    const clear = { ...login, client: { ...login.client, tls: false }, tlsInUse: () => inUse };
    const socket = { remoteAddress: "198.51.100.1", remotePort: 143 };
    const told = (who: Originator, tls: TlsMode): string =>
      prefaceFor({ ...endpoint, tls, clientAddress: "proxy" }, originOf(who))?.(socket).toString("latin1") ??
      "";
    expect(told(secure, "none")).toContain("TLSv1.3");
    expect(told(secure, "implicit")).toContain("TLS_AES_128_GCM_SHA256");
    expect(told(secure, "starttls")).toHaveLength(28);
    expect(told(clear, "none")).toHaveLength(28);
    // Nothing is known of it any more where the client has gone meanwhile.
    expect(told({ ...secure, tlsInUse: () => null }, "none")).toHaveLength(28 + 8);
  });
});

describe("a login that was passed on", () => {
  it("is refused when no hop is left, and as unavailable: the password may be right", () => {
    expect(() => refuseCircles({ hops: 1 })).not.toThrow();
    expect(() => refuseCircles({})).not.toThrow();
    expect(() => refuseCircles({ hops: 0 })).toThrow(
      expect.objectContaining({
        kind: "proxy-loop",
        facts: expect.objectContaining({ client: "unavailable" }),
      }),
    );
  });
});
