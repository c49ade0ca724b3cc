import { describe } from "vitest";
import { startCyrus } from "../kit/cyrus.ts";
import {
  copiesLikeAnyOther,
  letters,
  resumesAfterBreaks,
  type SourceUnderTest,
  tellsNewsSoon,
} from "./source-suite.ts";

/** As Debian ships it: `INBOX.` before every name. */
const below: SourceUnderTest = {
  start: (users) => startCyrus({ users }),
  name: (...levels) => ["INBOX", ...levels].join("."),
  targetPath: ([inbox = "", ...rest]) => (rest.length === 0 ? [inbox] : rest),
};

/** The other way round in all: folders beside INBOX, `/` between levels, so that a dot may stand in a name. */
const beside: SourceUnderTest = {
  start: (users) => startCyrus({ users, altNamespace: true, unixHierarchySep: true }),
  name: (...levels) => levels.join("/"),
  targetPath: (path) => path.map((level) => level.replaceAll(".", "%2E")),
  folders: { "v1.2/notes.txt": letters(400, 2) },
};

describe("from Cyrus with its folders below INBOX", () => {
  copiesLikeAnyOther(below);
  resumesAfterBreaks(below);
  tellsNewsSoon(below);
});

describe("from Cyrus with its folders beside INBOX", () => {
  copiesLikeAnyOther(beside);
});
