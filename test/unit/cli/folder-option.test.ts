import { expect, test } from "vitest";
import { folderPoliciesOf } from "../../../src/cli/folder-option.ts";
import { DEFAULT_FOLDER_POLICIES } from "../../../src/model/domain.ts";

const present = {
  folderMap: [{ from: "a", to: "b" }],
  exclude: ["c"],
  sourceDeletes: "trash",
} as const;

test("what is not named stays, what is named is replaced, and rules can be taken back", () => {
  expect(folderPoliciesOf({}, present)).toEqual(present);
  expect(folderPoliciesOf({ map: ["x=y", "x/z=w=v"] }, present)).toEqual({
    ...present,
    folderMap: [
      { from: "x", to: "y" },
      { from: "x/z", to: "w=v" },
    ],
  });
  expect(folderPoliciesOf({ map: false, exclude: false, sourceDeletes: "keep" }, present)).toEqual(
    DEFAULT_FOLDER_POLICIES,
  );
  expect(folderPoliciesOf({ exclude: ["a*", "a*", "*", "E\u0301te\u0301/%"] }, present).exclude).toEqual([
    "a*",
    "*",
    "Été/%",
  ]);
});

test.each([
  [{ map: ["no rule"] }],
  [{ map: ["=x"] }],
  [{ map: ["x="] }],
  [{ map: ["a//b=c"] }],
  [{ map: ["a\u0007=c"] }],
  [{ map: ["inbox=x"] }],
  [{ map: ["a=b", "a=c"] }],
  [{ exclude: ["inbox"] }],
  [{ exclude: [""] }],
  [{ exclude: ["/a*"] }],
])("%o is refused", (options) => {
  expect(() => folderPoliciesOf(options, present)).toThrow(expect.objectContaining({ exitStatus: 2 }));
});
