import { expect, test } from "vitest";
import { ServerNames } from "../../../src/net/server-names.ts";

function namesOf(...names: string[]): ServerNames<string> {
  const all = new ServerNames<string>();
  for (const name of names) all.add(name, name);
  return all;
}

test("a name is found however it is written, with capitals or a final dot", () => {
  const names = namesOf("Mail.Example.it", "xn--mnchen-3ya.example");
  for (const asked of ["mail.example.it", "MAIL.EXAMPLE.IT", "mail.example.it."])
    expect(names.find(asked)).toBe("Mail.Example.it");
  expect(names.find("XN--MNCHEN-3YA.example")).toBe("xn--mnchen-3ya.example");
});

test("a wildcard stands for one label, no more and no less", () => {
  const names = namesOf("*.example.it");
  expect(names.find("mail.example.it")).toBe("*.example.it");
  for (const asked of ["example.it", "a.mail.example.it", ".example.it", "mail.example.itx", "*.example.it"])
    expect(names.find(asked)).toBeUndefined();
});

test("the very name comes before the wildcard, and what was said first counts", () => {
  const names = namesOf("*.example.it", "mail.example.it");
  names.add("MAIL.example.it", "later");
  expect(names.find("mail.example.it")).toBe("mail.example.it");
  expect(names.find("imap.example.it")).toBe("*.example.it");
});

test("an empty or odd name finds nothing", () => {
  for (const asked of ["", ".", "..", "*", "it", "\0"]) expect(namesOf("*.it").find(asked)).toBeUndefined();
});
