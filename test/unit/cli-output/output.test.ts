import { expect, test } from "vitest";
import { Output, type OutputStreams } from "../../../src/cli/output.ts";

function record(options: Partial<OutputStreams> = {}) {
  const written = { stdout: "", stderr: "" };
  const out = new Output({
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    isTty: false,
    columns: 80,
    lines: 24,
    colours: false,
    ...options,
  });
  return { out, written };
}

test("columns are aligned, numbers to the right, and what is not known is a dash", () => {
  const { out, written } = record();
  out.table(
    ["ACCOUNT", "MESSAGES"],
    [
      ["anna@azienda.example", 7],
      ["bo@azienda.example", 12_345],
      ["c@azienda.example", null],
    ],
  );
  expect(written.stdout).toBe(
    [
      "ACCOUNT               MESSAGES",
      "anna@azienda.example         7",
      "bo@azienda.example       12345",
      "c@azienda.example            –",
      "",
    ].join("\n"),
  );
});

test("on a terminal a sentence in the last column goes on in the next lines, so that all of it can be read", () => {
  const { out, written } = record({ isTty: true, columns: 30 });
  out.table(
    ["NAME", "MESSAGE"],
    [["a@b.example", "a sentence that is much longer than this terminal is wide"]],
  );
  const lines = written.stdout.trimEnd().split("\n");
  expect(lines.every((line) => line.length <= 30)).toBe(true);
  expect(lines[1]).toBe("a@b.example  a sentence that");
  expect(lines.slice(2).every((line) => line.startsWith(" ".repeat(13)))).toBe(true);
  const words = lines.slice(1).map((line) => line.slice(13).trim());
  expect(words.join(" ")).toBe("a sentence that is much longer than this terminal is wide");
});

test("on a terminal the widest of the other columns gives way, and what names the row is the last to do so", () => {
  const { out, written } = record({ isTty: true, columns: 40 });
  out.table(["DOMAIN", "SOURCE", "ACCOUNTS"], [["a-long-name.example", "mail.a-long-name.example:143", 3]]);
  const lines = written.stdout.trimEnd().split("\n");
  expect(lines.every((line) => line.length <= 40)).toBe(true);
  expect(lines[1]).toBe("a-long-name.example  mail.a-l…         3");
});

test("what a row can do without is left out, in its order, where a terminal is too narrow, and never in a pipe", () => {
  const headers = ["ID", "ACCOUNT", "SINCE", "SENT"];
  const rows = [["4f1c09a27be3", "anna@paese.example", "2026-11-22 18:40Z", "3.1 KB"]];
  const shown = (options: Partial<OutputStreams>) => {
    const { out, written } = record(options);
    out.table(headers, rows, ["SINCE", "SENT"]);
    return written.stdout.split("\n")[1];
  };
  expect(shown({ isTty: true, columns: 60 })).toBe(
    "4f1c09a27be3  anna@paese.example  2026-11-22 18:40Z  3.1 KB",
  );
  expect(shown({ isTty: true, columns: 50 })).toBe("4f1c09a27be3  anna@paese.example  3.1 KB");
  expect(shown({ isTty: true, columns: 32 })).toBe("4f1c09a27be3  anna@paese.example");
  expect(shown({ columns: 20 })).toContain("2026-11-22 18:40Z");
});

test("pictures and accents keep the columns in line", () => {
  const { out, written } = record();
  out.table(
    ["FOLDER", "N"],
    [
      ["Perché", 1],
      ["📁 a", 22],
      ["cafe\u0301", 3],
    ],
  );
  expect(written.stdout).toBe("FOLDER   N\nPerché   1\n📁 a    22\ncafe\u0301     3\n");
});

test("a pipe gets whole fields", () => {
  const { out, written } = record({ columns: 10 });
  out.table(["MESSAGE"], [["longer than ten characters"]]);
  expect(written.stdout).toContain("longer than ten characters\n");
});

test("control characters of a remote text do not reach the terminal", () => {
  const { out, written } = record({ isTty: true });
  out.table(["FOLDER"], [["a\u001b[31m\nb"]]);
  expect(written.stdout.split("\n")[1]).toBe("a?[31m?b");
});

test("colours come only where they are wanted, and do not disturb the columns", () => {
  const row = [[{ text: "fail", colour: "red" } as const, "x"]];
  const plain = record();
  plain.out.table(["", "OF"], row);
  const coloured = record({ colours: true });
  coloured.out.table(["", "OF"], row);
  expect(plain.written.stdout).not.toContain("\u001b");
  expect(coloured.written.stdout).toContain("\u001b[31mfail\u001b[39m  x");
});

test("JSON is one line for programs and indented for people", () => {
  const [piped, terminal] = [record(), record({ isTty: true })];
  piped.out.json({ a: [1] });
  terminal.out.json({ a: [1] });
  expect(piped.written.stdout).toBe('{"a":[1]}\n');
  expect(terminal.written.stdout).toBe('{\n  "a": [\n    1\n  ]\n}\n');
});

test("remarks go to standard error", () => {
  const { out, written } = record();
  out.note("by the way");
  expect(written).toEqual({ stdout: "", stderr: "by the way\n" });
});

test("a long sentence at the end of a row costs the columns before it nothing that 80 columns have room for", () => {
  const { out, written } = record({ isTty: true });
  out.table(
    ["ACCOUNT", "STATE", "FIRST LOGIN", "MESSAGES", "REMARK"],
    [
      [
        "anna@azienda.example",
        "attention",
        "2026-11-23 02:05Z",
        "101/102",
        "one message is not there ".repeat(5),
      ],
    ],
    ["FIRST LOGIN"],
  );
  expect(written.stdout).toMatch(/^anna@azienda\.example {2}attention {2}101\/102 {3}one message is/m);
});

test("a terminal that says it has no lines and columns counts as a usual one", () => {
  const { out } = record({ isTty: true, columns: 0, lines: 0 });
  expect([out.columns, out.lines]).toEqual([80, 24]);
});

test("a column that must stay whole is never cut: others give way, and only then what a row can do without", () => {
  const headers = ["ACCOUNT", "FOLDER", "UID", "DATE", "SIZE", "SUBJECT", "REASON"];
  const row = [
    "max@paese.example",
    "Großes Archiv",
    12,
    "2026-11-22 18:40Z",
    "3.1 MB",
    "Großes Bild",
    "552 5.3.4 Message too big for this server",
  ];
  const shown = (columns: number) => {
    const { out, written } = record({ isTty: true, columns });
    out.table(headers, [row], ["SIZE"], ["DATE"]);
    const lines = written.stdout.trimEnd().split("\n");
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
    return lines[1];
  };
  expect(shown(80)).toMatch(
    /^max@paese\.example {2}Großes .*… {3}12 {2}2026-11-22 18:40Z {2}Großes B… {2}552/,
  );
  expect(shown(90)).toMatch(/^max@paese\.example .* 2026-11-22 18:40Z {2}3\.1 MB /);
});
