import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  coverMessageId,
  holdsContent,
  type Origin,
  originHash,
  readCoverMessageId,
  Wrapper,
} from "../../../../src/copy/refused/wrap.ts";
import { Surveyor } from "../../../../src/upstream/message/survey.ts";

const ORIGIN: Origin = { account: "anna@example.org", folder: "INBOX", uidValidity: 9, uid: 3 };
const DATE = "17-Jul-1996 02:44:25 -0700";

function wrapped(octets: Buffer, words = "no NULs here"): { text: string; foretold: number } {
  const surveyor = new Surveyor();
  surveyor.push(octets);
  const wrapper = new Wrapper(ORIGIN, surveyor.finish(), DATE, words);
  const middle = Math.floor(octets.length / 2);
  const pieces = [
    wrapper.push(octets.subarray(0, middle)),
    wrapper.push(octets.subarray(middle)),
    wrapper.finish(),
  ];
  return { text: Buffer.concat(pieces).toString("latin1"), foretold: wrapper.size };
}

/** The parts of the covering message, without the line end that belongs to the boundary. */
function partsOf(text: string): string[] {
  const boundary = /boundary="([^"]+)"/.exec(text)?.[1];
  return text
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => part.slice(2, -2));
}

describe("a covering message", () => {
  test("takes From, Date and Subject over and has the message in it, octet by octet", () => {
    const octets = Buffer.from(
      "From: Anna <anna@example.org>\r\nSubject: =?utf-8?q?caff=C3=A8?=\r\nDate: Mon, 1 Jan 2024 10:00:00 +0100\r\nX Bad\r\n\r\nno end",
    );
    const { text, foretold } = wrapped(octets);
    expect(text).toMatch(
      /^From: Anna <anna@example\.org>\r\nDate: Mon, 1 Jan 2024 10:00:00 \+0100\r\nSubject: =\?utf-8\?q\?caff=C3=A8\?=\r\nMessage-ID: </,
    );
    expect(text.length).toBe(foretold);
    const [words, attached] = partsOf(text);
    expect(words).toContain("    no NULs here\r\n");
    expect(attached).toBe(
      `Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\nContent-Disposition: attachment; filename="original.eml"\r\n\r\n${octets.toString("latin1")}`,
    );
  });

  test("holds as a file in base64 what could be refused within a message too", () => {
    const octets = Buffer.from(`Subject: x\r\n\r\na\0b${"y".repeat(2_000)}\n`);
    const { text, foretold } = wrapped(octets);
    expect(text.length).toBe(foretold);
    const attached = partsOf(text)[1] ?? "";
    expect(attached).toMatch(
      /^Content-Type: application\/octet-stream; name="original\.eml"\r\nContent-Transfer-Encoding: base64\r\n/,
    );
    const [, base64 = ""] = attached.split("\r\n\r\n");
    expect(Buffer.from(base64, "base64")).toEqual(octets);
    expect(text).toMatch(/^(?:[\x20-\x7e]{0,998}\r\n)*$/);
  });

  test("says 8bit where the message has octets beyond ASCII", () => {
    const { text } = wrapped(Buffer.from("Subject: x\r\n\r\ncaff\xe8\r\n", "latin1"));
    expect(text.match(/Content-Transfer-Encoding: 8bit/g)).toHaveLength(2);
  });

  test("has a sound header whatever the message's own is", () => {
    const bad = `From: "Zo\xeb <z@example.org>\r\nSubject: \xe8${"w".repeat(3_000)}\r\nDate: never\r\n\r\n`;
    for (const octets of [Buffer.from(bad, "latin1"), Buffer.alloc(0)]) {
      const { text, foretold } = wrapped(octets, "caff\xe8 \u20ac");
      expect(Buffer.byteLength(text, "latin1")).toBe(foretold);
      const header = text.slice(0, text.indexOf("\r\n\r\n"));
      expect(header).toMatch(/^(?:[\x20-\x7e]{1,998}(?:\r\n|$))*$/);
      expect(header).toMatch(/^From: .*<?[\w.-]+@[\w.-]+>?\r\n/);
      expect(header).toContain("\r\nDate: 17 Jul 1996 02:44:25 -0700\r\n");
    }
    expect(wrapped(Buffer.from(bad, "latin1")).text).toMatch(
      /^From: =\?UTF-8\?B\?\S+\?= <z@example\.org>\r\n/,
    );
  });

  test("is told by its Message-ID, which says where the message lies and what it holds", () => {
    const hash = createHash("sha256").update("x").digest("hex");
    const cover = readCoverMessageId(coverMessageId(ORIGIN, hash));
    expect(cover?.origin).toBe(originHash(ORIGIN));
    expect(cover && holdsContent(cover, hash)).toBe(true);
    expect(originHash({ ...ORIGIN, uid: 4 })).not.toBe(originHash(ORIGIN));
    expect(readCoverMessageId("<x@example.org>")).toBeNull();
    expect(readCoverMessageId(null)).toBeNull();
  });
});
