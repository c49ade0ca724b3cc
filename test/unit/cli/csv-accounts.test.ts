import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test as base, expect } from "vitest";
import { openCsv, type Rejection } from "../../../src/cli/csv-accounts.ts";
import { openInput } from "../../../src/cli/csv-input.ts";
import type { NewAccount } from "../../../src/model/account.ts";
import { makeTempFolder, removeTempFolder } from "../../kit/temp-folder.ts";

interface Read {
  readonly accounts: NewAccount[];
  readonly rejected: Rejection[];
  readonly unknown: readonly string[];
}

const test = base.extend<{ read: (content: string | Buffer) => Promise<Read> }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the fixture's needs from this pattern
  read: async ({}, use) => {
    const folder = await makeTempFolder("csv");
    await use(async (content) => {
      const file = join(folder, "users.csv");
      await writeFile(file, content);
      const csv = await openCsv(await openInput(file, Readable.from([])), "a.it");
      const all: Read = { accounts: [], rejected: [], unknown: csv.layout.unknown };
      for await (const batch of csv.batches()) {
        all.accounts.push(...batch.accounts);
        all.rejected.push(...batch.rejected);
      }
      return all;
    });
    await removeTempFolder(folder);
  },
});

function bare(address: string): NewAccount {
  return { address, domain: "a.it", sourceLogin: null, name: null, quota: null };
}

test("one address a line is enough, with any line ends, blank lines and none at the end", async ({
  read,
}) => {
  for (const content of [
    "x@a.it\ny@a.it\n",
    "x@a.it\r\n\r\n  \r\ny@a.it",
    "\rx@a.it\ry@a.it\r",
    "x@a.it\r\ny@a.it\n\n",
  ])
    expect(await read(content)).toEqual({
      accounts: [bare("x@a.it"), bare("y@a.it")],
      rejected: [],
      unknown: [],
    });
  expect((await read("")).accounts).toEqual([]);
});

test("addresses are folded to lower case and international domains to A-labels", async ({ read }) => {
  expect((await read(" Mario.Rossi@A.IT \n")).accounts).toEqual([bare("mario.rossi@a.it")]);
});

test("each separator works, quoted or not, with columns in any order", async ({ read }) => {
  const name = 'Rossi, Mario; d"o';
  const expected = { address: "x@a.it", domain: "a.it", sourceLogin: "MAIL\\x", name, quota: 1024 };
  for (const separator of [",", ";", "\t"]) {
    const header = ["Name", "address", "Source-Login", "quota"].join(separator);
    const line = ['"Rossi, Mario; d""o"', '"x@a.it"', "MAIL\\x", "1K"].join(separator);
    expect((await read(`${header}\n${line}\n`)).accounts).toEqual([expected]);
  }
});

test("a separator inside unquoted names does not win over the real one", async ({ read }) => {
  const { accounts } = await read("address;name\nx@a.it;Rossi, Mario\ny@a.it;Bianchi, Anna\n");
  expect(accounts.map((account) => account.name)).toEqual(["Rossi, Mario", "Bianchi, Anna"]);
});

test("UTF-8 with and without a mark, and Latin-1, give the same names", async ({ read }) => {
  const content = "address,name\nx@a.it,Niccolò Müller\n";
  const forms = [Buffer.from(content), Buffer.from(`\uFEFF${content}`), Buffer.from(content, "latin1")];
  for (const form of forms) expect((await read(form)).accounts[0]?.name).toBe("Niccolò Müller");
});

test("a character of several octets on the edge of what is read at once stays whole, and so does a CRLF", async ({
  read,
}) => {
  for (let shift = 0; shift < 4; shift += 1) {
    const lines = Array.from({ length: 5000 }, (_, at) => `u${at}@a.it,Niccolò €uro ${"è".repeat(5)}`);
    const { accounts, rejected } = await read(
      `address,name\r\n${" ".repeat(shift)}${lines.join("\r\n")}\r\n`,
    );
    expect(rejected).toEqual([]);
    expect(accounts).toHaveLength(5000);
    expect(new Set(accounts.map((account) => account.name))).toEqual(new Set(["Niccolò €uro èèèèè"]));
  }
});

test("UTF-16 is refused with what to do", async ({ read }) => {
  await expect(read(Buffer.from("\uFEFFx@a.it\n", "utf16le"))).rejects.toThrow(/UTF-16; save it as UTF-8/);
});

test("every bad line is named by number, value and reason, and the good ones around it go in", async ({
  read,
}) => {
  const { accounts, rejected } = await read(
    [
      "address,name,quota",
      "x@a.it,,",
      "nobody,,",
      "",
      "z@b.it,,",
      "q@a.it,,lots",
      'open@a.it,"never closed,',
      'inner@a.it,a"b,',
      "wide@a.it,Rossi, Mario,5",
      `long@a.it,${"n".repeat(20_000)},`,
      `name@a.it,${"n".repeat(300)},`,
      "a b@a.it,,",
      "short@a.it",
    ].join("\n"),
  );
  expect(accounts.map((account) => account.address)).toEqual(["x@a.it", "short@a.it"]);
  expect(rejected.map(({ line, value }) => [line, value])).toEqual([
    [3, "nobody"],
    [5, "z@b.it"],
    [6, "q@a.it"],
    [7, ""],
    [8, ""],
    [9, "wide@a.it"],
    [10, ""],
    [11, "name@a.it"],
    [12, "a b@a.it"],
  ]);
  const reasons = [
    "not a full address",
    "belongs to b.it",
    "quota",
    "not closed",
    "quotation mark",
    "4 fields",
    "longer",
    "name",
    "character",
  ];
  for (const [at, reason] of reasons.entries()) expect(rejected[at]?.reason).toContain(reason);
});

test("without a header only the first field is read, whatever stands behind it", async ({ read }) => {
  expect((await read("x@a.it,hunter2,Mario\n")).accounts).toEqual([bare("x@a.it")]);
});

test("columns that are not known are named and left out, and passwords are not in the accounts", async ({
  read,
}) => {
  const { accounts, unknown } = await read("address,department,password\nx@a.it,Sales,hunter2\n");
  expect(accounts).toEqual([bare("x@a.it")]);
  expect(unknown).toEqual(["department"]);
});

test("a line that does not fall into fields is not shown, since a password may be anywhere in it", async ({
  read,
}) => {
  const { rejected } = await read('password,address\n"hunter2,x@a.it\n');
  expect(JSON.stringify(rejected)).not.toContain("hunter2");
});

test("a header without a column for addresses is refused with the known columns", async ({ read }) => {
  await expect(read("name,quota\nMario,5G\n")).rejects.toThrow(/no column "address".*source_login/);
});

test("a line without an end does not fill the memory: the rest of the file is still read", async ({
  read,
}) => {
  const { accounts, rejected } = await read(`x@a.it\n${"y".repeat(1_000_000)}\nz@a.it\n`);
  expect(accounts.map((account) => account.address)).toEqual(["x@a.it", "z@a.it"]);
  expect(rejected.map((one) => one.line)).toEqual([2]);
});

test("a header that names a column twice is refused, since nobody knows which of the two is meant", async ({
  read,
}) => {
  await expect(read("address;address\nx@a.it;y@a.it\n")).rejects.toThrow('has the column "address" twice');
});

test("rows of separators alone, as spreadsheets leave them, are blank lines", async ({ read }) => {
  const { accounts, rejected } = await read('address;name;quota\nx@a.it;;\n;;\n"";;\n ; ;\ny@a.it;;\n');
  expect(accounts).toEqual([bare("x@a.it"), bare("y@a.it")]);
  expect(rejected).toEqual([]);
});

test.each(["-", "/dev/stdin"])(
  "%s is standard input, which is read once and can be gone through as often as a file",
  async (name) => {
    const stdin = Readable.from([
      Buffer.from("address;name\nx@a.it;M\xfcller\n", "latin1"),
      Buffer.from("y@a.it;\n"),
    ]);
    const csv = await openCsv(await openInput(name, stdin), "a.it");
    for (let reading = 0; reading < 2; reading += 1) {
      const accounts: NewAccount[] = [];
      for await (const batch of csv.batches()) accounts.push(...batch.accounts);
      expect(accounts).toEqual([{ ...bare("x@a.it"), name: "Müller" }, bare("y@a.it")]);
    }
  },
);

test("standard input that brings too much is refused by its size, and not kept", async () => {
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(400);
    })(),
  );
  await expect(openInput("-", endless, undefined, 1_000)).rejects.toThrow(
    "brings more than 1000 octets: save the list as a file",
  );
  expect(endless.destroyed).toBe(true);
});

test("a wait for standard input ends with the signal", async () => {
  const silent = new Readable({ read: () => undefined });
  const interruption = new AbortController();
  const opening = openInput("-", silent, interruption.signal);
  interruption.abort(new DOMException("stopped", "AbortError"));
  await expect(opening).rejects.toThrow("stopped");
});
