import { expect, test } from "vitest";
import { cutoverOf } from "../../../src/cli/cutover-option.ts";
import { CliError } from "../../../src/cli/output.ts";
import { endpointOf } from "../../../src/cli/source-option.ts";
import type { Endpoint } from "../../../src/model/endpoint.ts";

const PRESENT: Endpoint = {
  host: "mail.a.it",
  port: 143,
  tls: "starttls",
  ca: "PEM",
  verify: false,
  fingerprints: [],
  weakTls: false,
};

test("port and protection are STARTTLS on 143 where nothing else is said", () => {
  expect(endpointOf({ source: "Mail.A.it" }, null)).toEqual({
    host: "mail.a.it",
    port: 143,
    tls: "starttls",
    ca: null,
    verify: true,
    fingerprints: [],
    weakTls: false,
  });
});

test("implicit TLS has its own port, and a port that is given counts", () => {
  expect(endpointOf({ source: "m.a.it", tls: "implicit" }, null).port).toBe(993);
  expect(endpointOf({ source: "m.a.it:1143", tls: "implicit" }, null).port).toBe(1143);
  expect(endpointOf({ source: "localhost", tls: "none" }, null).port).toBe(143);
});

test("addresses of both kinds and international names are sources", () => {
  const place = (source: string) => {
    const { host, port } = endpointOf({ source }, null);
    return `${host} ${port}`;
  };
  expect(place("192.0.2.1:99")).toBe("192.0.2.1 99");
  expect(place("[2001:DB8::1]:99")).toBe("2001:db8::1 99");
  expect(place("[::1]")).toBe("::1 143");
  expect(place("2001:db8::1")).toBe("2001:db8::1 143");
  expect(place("münchen.example")).toBe("xn--mnchen-3ya.example 143");
});

test("what is no source is refused as wrong usage", () => {
  for (const source of [
    "",
    "imap://m.a.it",
    "m.a.it:0",
    "m.a.it:65536",
    "m.a.it:imap",
    "user@m.a.it",
    "m.a.it/x",
    "a b",
    "[m.a.it]",
  ])
    expect(() => endpointOf({ source }, null)).toThrow(CliError);
});

test("a change leaves alone what it does not name, and a default port moves with the protection", () => {
  expect(endpointOf({ source: "new.a.it" }, PRESENT)).toEqual({ ...PRESENT, host: "new.a.it" });
  expect(endpointOf({ tls: "implicit" }, PRESENT)).toEqual({ ...PRESENT, tls: "implicit", port: 993 });
  expect(endpointOf({ tls: "implicit" }, { ...PRESENT, port: 1143 }).port).toBe(1143);
  expect(endpointOf({ sourceCa: false, acceptAnyCertificate: false }, PRESENT)).toMatchObject({
    ca: null,
    verify: true,
  });
});

test("a file that holds no certificate is refused", () => {
  expect(() => endpointOf({ source: "m.a.it", sourceCa: import.meta.filename }, null)).toThrow(
    /holds no certificate/,
  );
  expect(() => endpointOf({ source: "m.a.it", sourceCa: "/nonexistent" }, null)).toThrow(/nonexistent/);
});

test("DNS records are read, and a kind that is not named stays", () => {
  const present = { mx: [{ priority: 5, host: "old.a.it" }], txt: ["old"] };
  expect(cutoverOf({ cutoverMx: ["MX1.new.eu.=20", "mx2.new.eu"] }, present)).toEqual({
    mx: [
      { priority: 20, host: "mx1.new.eu" },
      { priority: 10, host: "mx2.new.eu" },
    ],
    txt: ["old"],
  });
  expect(cutoverOf({ cutoverTxt: ["v=spf1 a=b -all"] }, present)).toEqual({
    mx: present.mx,
    txt: ["v=spf1 a=b -all"],
  });
  for (const mx of ["", "mx1.new.eu=70000", "mx1.new.eu=x", "10 mx1.new.eu", "nodots=10"])
    expect(() => cutoverOf({ cutoverMx: [mx] }, present)).toThrow(CliError);
  expect(() => cutoverOf({ cutoverTxt: ["a\nb"] }, present)).toThrow(CliError);
});
