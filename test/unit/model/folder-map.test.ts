import { describe, expect, test } from "vitest";
import { isExcluded, mappedLevels, pathOf, problemOfPath } from "../../../src/model/folder-map.ts";
import { decodeFolderName, encodeFolderName } from "../../../src/model/folder-text.ts";

describe("a rule for folders", () => {
  test("takes a folder and everything below it along, and nothing that only begins alike", () => {
    const rules = [{ from: "Old", to: "Archive/2020" }];
    expect(mappedLevels(["Old"], rules)).toEqual(["Archive", "2020"]);
    expect(mappedLevels(["Old", "a", "b"], rules)).toEqual(["Archive", "2020", "a", "b"]);
    expect(mappedLevels(["Older"], rules)).toBeNull();
    expect(mappedLevels(["x", "Old"], rules)).toBeNull();
  });

  test("gives way to one that names the folder more closely", () => {
    const rules = [
      { from: "Old", to: "New" },
      { from: "Old/Post", to: "Mail" },
    ];
    expect(mappedLevels(["Old", "Post", "x"], rules)).toEqual(["Mail", "x"]);
    expect(mappedLevels(["Old", "Posts"], rules)).toEqual(["New", "Posts"]);
  });

  test("is written in UTF-8 and means the octets of modified UTF-7", () => {
    const levels = ["Entw&APw-rfe"];
    expect(mappedLevels(levels, [{ from: "Entwürfe", to: "Società" }])).toEqual(["Societ&AOA-"]);
    expect(mappedLevels(levels, [{ from: "Entwürfe", to: "R&D" }])).toEqual(["R&-D"]);
  });

  test("writes a slash in a level's own name as %2F, and leaves the octets of unnamed levels alone", () => {
    const rules = [{ from: "2020%2F21", to: "a%2Fb/c%25" }];
    expect(mappedLevels(["2020/21", "bro&ken"], rules)).toEqual(["a/b", "c%", "bro&ken"]);
  });

  test("never moves INBOX, but folders below it, in any spelling", () => {
    expect(mappedLevels(["INBOX"], [{ from: "INBOX", to: "x" }])).toBeNull();
    expect(mappedLevels(["Inbox", "Work"], [{ from: "INBOX/Work", to: "Work" }])).toEqual(["Work"]);
  });
});

describe("a folder is excluded", () => {
  test("by its path, which leaves those below it alone", () => {
    expect(isExcluded(["Spam"], ["Spam"])).toBe(true);
    expect(isExcluded(["Spam", "x"], ["Spam"])).toBe(false);
    expect(isExcluded(["spam"], ["Spam"])).toBe(false);
  });

  test("by the beginning of its path, with * on all levels and with % on its own", () => {
    expect(isExcluded(["Public", "a", "b"], ["Public*"])).toBe(true);
    expect(isExcluded(["Public"], ["Public/*"])).toBe(false);
    expect(isExcluded(["Public", "a"], ["Public/%"])).toBe(true);
    expect(isExcluded(["Public", "a", "b"], ["Public/%"])).toBe(false);
    expect(isExcluded(["&AMk-t&AOk-", "x"], ["Été/*"])).toBe(true);
  });

  test("never when it is INBOX", () => {
    expect(isExcluded(["INBOX"], ["*", "INBOX", "inbox*"])).toBe(false);
    expect(isExcluded(["INBOX", "Work"], ["inbox*"])).toBe(true);
  });
});

test("a path in a rule has names on all levels and no control characters", () => {
  expect(problemOfPath("a/b")).toBeNull();
  for (const path of ["", "/a", "a//b", "a/", "a\tb", "x".repeat(1001)])
    expect(problemOfPath(path)).not.toBeNull();
});

test("a path names the levels as people write them", () => {
  expect(pathOf(["Caff&AOg-", "a/b", "100%"])).toBe("Caffè/a%2Fb/100%");
});

test("names are decoded and encoded without loss", () => {
  for (const text of ["", "Società", "R&D", "日本語 🚀", "&-", "a/b"])
    expect(decodeFolderName(encodeFolderName(text))).toBe(text);
  expect(encodeFolderName("Papier&Müll")).toBe("Papier&-M&APw-ll");
});
