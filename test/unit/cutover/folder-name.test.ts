import { expect, test } from "vitest";
import { shownFolderName } from "../../../src/cutover/folder-name.ts";

test.each([
  ["INBOX.Posta inviata", "INBOX.Posta inviata"],
  ["Caff&AOg-", "Caffè"],
  ["Rossi &- Figli", "Rossi & Figli"],
  ["&2D3eDA-/x", "😌/x"],
  ["~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"],
  ["a & b", "a & b"],
  [Buffer.from("Caffè", "utf8").toString("latin1"), "Caffè"],
  ["Caff\xe8", "Caffè"],
  ["line\nbreak", "line?break"],
])("shows the folder name %j as %j", (name, shown) => {
  expect(shownFolderName(name)).toBe(shown);
});
