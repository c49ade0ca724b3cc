import { expect, test } from "vitest";
import { renamedFolders } from "../../../src/cli/renamed-folders.ts";
import { markOf } from "../../../src/model/folder-names.ts";

function reasons(placed: Record<string, string>, rules = [{ from: "Old", to: "New" }]) {
  const pairs = Object.entries(placed).map(([source, target]) => ({ source, target }));
  return Object.fromEntries(renamedFolders(pairs, rules).map(({ source, reason }) => [source, reason]));
}

test("separators and a prefix alone are no other name", () => {
  expect(
    reasons({ INBOX: "INBOX", inbox: "INBOX", "INBOX.Work.2020": "Work/2020", "a/b": "INBOX.a.b", x: "x" }),
  ).toEqual({});
});

test("another name is explained by what made it", () => {
  const marked = `Sent-${markOf("Sent")}`;
  expect(
    reasons({
      Old: "New",
      "Old/x": "New/x",
      "Sent Items": "Posta inviata",
      "Sent Items/2020": "Posta inviata/2020",
      Sent: marked,
      "Sent/below": `${marked}/below`,
      "v1.0": "v1%2E0",
      "~home": "_home",
      Gone: "INBOX",
    }),
  ).toEqual({
    Old: "rule",
    "Old/x": "rule",
    "Sent Items": "special_use",
    "Sent Items/2020": "special_use",
    Sent: "name",
    "Sent/below": "name",
    "v1.0": "name",
    "~home": "name",
    Gone: "deleted",
  });
});

test("names are shown decoded", () => {
  expect(renamedFolders([{ source: "Entw&APw-rfe", target: "Drafts" }], [])).toEqual([
    { source: "Entwürfe", target: "Drafts", reason: "special_use" },
  ]);
});
