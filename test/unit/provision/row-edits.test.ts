import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { type Decide, findEdits, withEdits } from "../../../src/provision/row-edits.ts";

const FILE = "# c\na@x:1\n\nb@x:2:rest\r\ncc@x\na@x.y:3\n#a@x:4\nb@x:5";

/** The file changed, read in chunks of this many octets. */
async function changed(
  file: string,
  octets: number,
  users: readonly string[],
  decide: Decide,
): Promise<string> {
  const chunks = () => {
    const whole = Buffer.from(file, "latin1");
    const count = Math.ceil(whole.length / octets);
    return Readable.from(
      Array.from({ length: count }, (_, n) => whole.subarray(n * octets, (n + 1) * octets)),
    ) as AsyncIterable<Buffer>;
  };
  const { edits } = await findEdits(chunks(), new Set(users), decide);
  const pieces: Buffer[] = [];
  for await (const piece of withEdits(chunks(), edits)) pieces.push(piece);
  return Buffer.concat(pieces).toString("latin1");
}

/** Every way of cutting the file into equal chunks. */
async function changedHoweverRead(file: string, users: readonly string[], decide: Decide): Promise<string> {
  const whole = await changed(file, file.length, users, decide);
  for (let octets = 1; octets < file.length; octets += 1)
    expect(await changed(file, octets, users, decide)).toBe(whole);
  return whole;
}

test("rows of the users asked for are replaced, longer and shorter, wherever the file is cut", async () => {
  expect(await changedHoweverRead(FILE, ["a@x", "b@x"], (user) => `${user}:${"z".repeat(9)}`)).toBe(
    "# c\na@x:zzzzzzzzz\n\nb@x:zzzzzzzzz\r\ncc@x\na@x.y:3\n#a@x:4\nb@x:zzzzzzzzz",
  );
  expect(await changedHoweverRead(FILE, ["b@x", "cc@x"], () => "s")).toBe(
    "# c\na@x:1\n\ns\r\ns\na@x.y:3\n#a@x:4\ns",
  );
});

test("a row is removed with its line end", async () => {
  expect(await changedHoweverRead(FILE, ["a@x", "b@x"], () => null)).toBe("# c\n\ncc@x\na@x.y:3\n#a@x:4\n");
});

test("a row that stays as it is leaves no edit, and comments are no rows", async () => {
  const seen: string[] = [];
  const all = ["a@x", "b@x", "cc@x", "a@x.y", "#a@x", "# c", ""];
  const chunks = Readable.from([Buffer.from(FILE)]) as AsyncIterable<Buffer>;
  const { edits, endsOpen } = await findEdits(chunks, new Set(all), (_user, row) => {
    seen.push(row);
    return row;
  });
  expect(edits).toEqual([]);
  expect(endsOpen).toBe(true);
  expect(seen.filter((row) => row !== "")).toEqual(["a@x:1", "b@x:2:rest", "cc@x", "a@x.y:3", "b@x:5"]);
});
