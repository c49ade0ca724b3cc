import { describe, expect, test } from "vitest";
import { Mender } from "../../../../src/upstream/message/mender.ts";
import { Surveyor } from "../../../../src/upstream/message/survey.ts";

function mended(text: string): string {
  const mender = new Mender();
  return Buffer.concat([mender.push(Buffer.from(text, "latin1")), mender.finish()]).toString("latin1");
}

describe("mending a message", () => {
  test.each([
    ["a bare LF becomes CRLF", "A: b\n\nc\n", "A: b\r\n\r\nc\r\n"],
    ["a bare CR becomes CRLF", "A: b\r\rc\r", "A: b\r\n\r\nc\r\n"],
    ["CRs before an LF are one line end", "a\r\r\nb\r\n", "a\r\nb\r\n"],
    ["a missing last line end is added", "A: b\r\n\r\nc", "A: b\r\n\r\nc\r\n"],
    ["NULs go, also from within a line end", "a\0b\r\0\nc\r\n", "ab\r\nc\r\n"],
    ["a mailbox file's separator goes", "From a@b Thu Jan  1 00:00:00 1998\nA: b\n", "A: b\r\n"],
    ["a text that begins with From stays", "From here to there\r\n", "From here to there\r\n"],
    ["a From field stays", "From: a@b 10:30\r\n", "From: a@b 10:30\r\n"],
    ["what is sound stays as it is", "A: b\r\n\r\n\xe8\x80\r\n", "A: b\r\n\r\n\xe8\x80\r\n"],
    ["nothing stays nothing", "", ""],
  ])("%s", (_, before, after) => {
    expect(mended(before)).toBe(after);
  });

  test("a line of any length that begins with From is not held back", () => {
    const mender = new Mender();
    const given = mender.push(Buffer.from(`From ${"x".repeat(5_000)}`));
    expect(given.length).toBe(5_005);
  });
});

describe("a survey", () => {
  function survey(text: string) {
    const surveyor = new Surveyor();
    surveyor.push(Buffer.from(text, "latin1"));
    return surveyor.finish();
  }

  test("says what mending would change, and what the content of a message may not hold", () => {
    expect(survey("A: b\r\n\r\nc\r\n")).toMatchObject({ isMendable: false, isUnsound: false });
    expect(survey("A: b\r\n\r\nc")).toMatchObject({ isMendable: true, isUnsound: false, mendedSize: 11 });
    expect(survey("a\0\r\n")).toMatchObject({ isMendable: true, isUnsound: true, size: 4, mendedSize: 3 });
    expect(survey(`${"x".repeat(998)}\r\n`)).toMatchObject({ isUnsound: false, hasHighOctets: false });
    expect(survey(`${"x".repeat(999)}\r\n\xff`)).toMatchObject({ isUnsound: true, hasHighOctets: true });
  });

  test("finds the header's fields in whatever form they are", () => {
    const text =
      "From x Thu Jan  1 00:00:00 1998\nSubject: a\n\tb\nX\r\rSubject: no field\n\nFrom: no header\n";
    expect([...survey(text).fields]).toEqual([["subject", "a b"]]);
    expect([...survey("Subject: x\r\nFrom : a@b\r\n\r\nTo: c").fields.keys()]).toEqual(["subject", "from"]);
    expect(survey("\r\nSubject: body").fields.size).toBe(0);
  });
});
