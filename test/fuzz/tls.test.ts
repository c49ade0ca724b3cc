import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Secret } from "../../src/kit/secret.ts";
import { parseFingerprint } from "../../src/model/fingerprint.ts";
import { PROTOCOLS } from "../../src/model/protocol.ts";
import { ServerNames } from "../../src/net/server-names.ts";
import { TICKET_LIFE_S, ticketKeys } from "../../src/net/tickets.ts";

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
const hostName = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join("."));
const mixedCase = (text: string, mask: readonly boolean[]) =>
  text.replace(/./g, (letter, index: number) => (mask[index % mask.length] ? letter.toUpperCase() : letter));

test("a fingerprint is the same however it is written", () => {
  const form = fc.record({
    octets: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    colons: fc.boolean(),
    mask: fc.array(fc.boolean(), { minLength: 1 }),
    head: fc.constantFrom("", "sha256:", "SHA256:", "sha256 Fingerprint=", "SHA256 Fingerprint = ", "  "),
  });
  fc.assert(
    fc.property(form, ({ octets, colons, mask, head }) => {
      const pairs = [...octets].map((octet) => octet.toString(16).padStart(2, "0"));
      const written = `${head}${mixedCase(pairs.join(colons ? ":" : ""), mask)}`;
      expect(parseFingerprint(written)).toBe(`sha256:${pairs.join("")}`);
    }),
  );
});

test("any text is a fingerprint or none, and what one is stays one", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 120 }), (text) => {
      const parsed = parseFingerprint(text);
      expect(parsed === null ? null : parseFingerprint(parsed)).toBe(parsed);
    }),
  );
});

test("of a name and a wildcard the one that covers it is found, whatever the capitals", () => {
  fc.assert(
    fc.property(hostName, label, fc.array(fc.boolean(), { minLength: 1 }), (name, first, mask) => {
      const names = new ServerNames<string>();
      names.add(`*.${name}`, "wildcard");
      names.add(mixedCase(name, mask), "name");
      expect(names.find(mixedCase(name, mask.toReversed()))).toBe("name");
      expect(names.find(mixedCase(`${first}.${name}`, mask))).toBe("wildcard");
      expect(names.find(`${first}.${first}.${name}`)).toBeUndefined();
    }),
  );
});

test("any text may be asked for as a name", () => {
  fc.assert(
    fc.property(fc.string(), (asked) => {
      const names = new ServerNames<number>();
      names.add("*.example.it", 1);
      expect([undefined, 1]).toContain(names.find(asked));
    }),
  );
});

test("a ticket is taken everywhere as long as it lives, and nowhere two days later", () => {
  const moment = fc.integer({ min: 0, max: 4_000_000_000_000 });
  const age = fc.integer({ min: 0, max: TICKET_LIFE_S * 1000 });
  fc.assert(
    fc.property(moment, age, fc.constantFrom(...PROTOCOLS), (madeAt, ageMs, protocol) => {
      const secret = new Secret(Buffer.alloc(32, 5));
      const { name } = ticketKeys(secret, { now: () => madeAt }).current(protocol);
      const later = (ms: number) => ticketKeys(secret, { now: () => madeAt + ms }).named(protocol, name);
      expect(later(ageMs)).not.toBeNull();
      expect(later(ageMs + 2 * 86_400_000)).toBeNull();
    }),
  );
});
