import { describe, expect, it } from "vitest";
import { Failure } from "../../../src/model/failure.ts";
import { explained, unwritableWords } from "../../../src/store/sqlite/unwritable.ts";

const PATH = "/var/lib/imbarco/imbarco.db";

function sqliteError(errcode: number): Error {
  return Object.assign(new Error("disk I/O error"), { code: "ERR_SQLITE_ERROR", errcode });
}

describe("an error of SQLite", () => {
  it.each([
    ["for want of room in the file", 13],
    ["for want of room in the memory that processes share", 4874],
  ])("%s names the file whose disk is full", (_, errcode) => {
    expect(unwritableWords(sqliteError(errcode), PATH)).toContain(`${PATH} is full: make room`);
  });

  it("about writing that is not about room says where to look", () => {
    expect(unwritableWords(sqliteError(778), PATH)).toContain("takes no more (disk I/O error)");
  });

  it("about anything else stays as it is", () => {
    for (const error of [sqliteError(5), sqliteError(11), new Error("other"), null, "text"]) {
      expect(unwritableWords(error, PATH)).toBeNull();
      expect(explained(error, PATH)).toBe(error);
    }
  });

  it("about the disk becomes a failure that may pass by itself and concerns no account", () => {
    const error = sqliteError(13);
    const failure = explained(error, PATH);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ kind: "store-unwritable", cause: error });
    expect((failure as Failure).facts).toMatchObject({ retry: true, attention: null, client: "unavailable" });
  });
});
