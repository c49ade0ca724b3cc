import { describe, expect, test } from "vitest";
import { CommandReader, type ReaderEvent } from "../../../../src/wire/imap/command-reader.ts";

/** An event with octets as text, so that a test shows what was understood. */
function shown(event: ReaderEvent | undefined): unknown {
  if (event?.kind === "response") return ["response", event.line.toString("latin1")];
  if (event?.kind !== "command") return event;
  const { command } = event;
  switch (command.kind) {
    case "login": {
      const { user, password } = command.credentials;
      return [command.tag, "login", user.toString("latin1"), password.reveal().toString("latin1")];
    }
    case "authenticate":
      return [command.tag, "authenticate", command.mechanism, command.initial?.toString("latin1") ?? null];
    case "id":
      return [
        command.tag,
        "id",
        command.pairs.map(({ field, value }) => [
          field.toString("latin1"),
          value?.toString("latin1") ?? null,
        ]),
      ];
    case "capability":
    case "noop":
    case "logout":
    case "starttls":
      return [command.tag, command.kind];
  }
}

/** All events of one text that comes at once. */
function read(text: string): unknown[] {
  const reader = new CommandReader();
  reader.push(Buffer.from(text, "latin1"));
  const events: unknown[] = [];
  for (let event = reader.next(); event && events.length < 100; event = reader.next())
    events.push(shown(event));
  return events;
}

const one = (line: string) => read(`${line}\r\n`)[0];
const badArguments = { kind: "bad", tag: "a", why: "arguments" };

describe("LOGIN", () => {
  test.each([
    ["atoms", "a LOGIN mario secret", "mario", "secret"],
    ["any case", "a login mario secret", "mario", "secret"],
    ["quoted strings", 'a LOGIN "mario rossi" "se cret"', "mario rossi", "se cret"],
    ["escapes", String.raw`a LOGIN "m\"r\\o" "\\\""`, 'm"r\\o', '\\"'],
    ["an empty password", 'a LOGIN mario ""', "mario", ""],
    ["atoms that others read as something else", "a LOGIN NIL 12:34<a~b", "NIL", "12:34<a~b"],
    ["a tilde", "a LOGIN mario ~secret", "mario", "~secret"],
    ["signs that no atom should have", "a LOGIN mario 50%*\\]}", "mario", "50%*\\]}"],
    ["octets beyond ASCII", 'a LOGIN m\xe4rio "p\xc3\xa4ss\xff"', "m\xe4rio", "p\xc3\xa4ss\xff"],
    ["quotes inside atoms are none", "a LOGIN mario se'cret", "mario", "se'cret"],
  ])("understands %s", (_what, line, user, password) => {
    expect(one(line)).toEqual(["a", "login", user, password]);
  });

  test.each([
    ["a literal for the password", "a LOGIN mario {6+}\r\nse\r\nct\r\n", "mario", "se\r\nct"],
    ["literals for both", "a LOGIN {5+}\r\nmario {0+}\r\n\r\n", "mario", ""],
    ["a literal, then an atom", "a LOGIN {5+}\r\nm rio secret\r\n", "m rio", "secret"],
    ["a mark inside a literal", "a LOGIN mario {4+}\r\n{9+}\r\n", "mario", "{9+}"],
  ])("understands %s", (_what, text, user, password) => {
    expect(read(text)).toEqual([["a", "login", user, password]]);
  });

  test.each([
    ["no password", "a LOGIN mario"],
    ["no arguments", "a LOGIN"],
    ["a third argument", "a LOGIN mario secret more"],
    ["a space behind", "a LOGIN mario secret "],
    ["two spaces", "a LOGIN mario  secret"],
    ["a quote that is left open", 'a LOGIN mario "secret'],
    ["a quote in the middle", 'a LOGIN mario se"cret'],
    ["a backslash that escapes nothing", String.raw`a LOGIN mario "se\cret"`],
    ["a NUL in quotes", 'a LOGIN mario "se\0cret"'],
    ["a CR in quotes", 'a LOGIN mario "se\rcret"'],
    ["a tab", "a LOGIN mario\tsecret"],
    ["a list", "a LOGIN (mario) secret"],
    ["something behind a quoted string", 'a LOGIN "mario"x secret'],
    ["a password longer than any", `a LOGIN mario ${"x".repeat(1025)}`],
  ])("refuses %s", (_what, line) => {
    expect(one(line)).toEqual(badArguments);
  });

  test("refuses a NUL in a literal", () => {
    expect(read("a LOGIN mario {3+}\r\na\0b\r\n")).toEqual([badArguments]);
  });
});

describe("the other commands", () => {
  test("have no arguments, or theirs", () => {
    expect(read("1 CAPABILITY\r\n2 noop\r\n3 Logout\r\n4 STARTTLS\r\n")).toEqual([
      ["1", "capability"],
      ["2", "noop"],
      ["3", "logout"],
      ["4", "starttls"],
    ]);
    expect(one("a NOOP now")).toEqual(badArguments);
    expect(one("a AUTHENTICATE PLAIN")).toEqual(["a", "authenticate", "PLAIN", null]);
    expect(one("a AUTHENTICATE PLAIN =")).toEqual(["a", "authenticate", "PLAIN", "="]);
    expect(one("a AUTHENTICATE PLAIN AGEAYg==")).toEqual(["a", "authenticate", "PLAIN", "AGEAYg=="]);
    expect(one("a AUTHENTICATE PLAIN AGEA YgA=")).toEqual(badArguments);
    expect(one("a AUTHENTICATE")).toEqual(badArguments);
  });

  test("ID takes nothing or a list of pairs", () => {
    expect(one("a ID NIL")).toEqual(["a", "id", []]);
    expect(one("a ID ()")).toEqual(["a", "id", []]);
    expect(one('a ID ("name" "mu\\"tt" "version" nil)')).toEqual([
      "a",
      "id",
      [
        ["name", 'mu"tt'],
        ["version", null],
      ],
    ]);
    expect(read('a ID ({4+}\r\nname "x")\r\n')).toEqual([["a", "id", [["name", "x"]]]]);
    for (const wrong of [
      "a ID",
      "a ID name",
      'a ID ("name")',
      'a ID ("name" x)',
      'a ID ("name" "x"',
      "a ID NILS",
    ])
      expect(one(wrong)).toEqual(badArguments);
  });

  test("ID takes 30 pairs and not one more", () => {
    const list = (pairs: number) => `a ID (${Array.from({ length: pairs }, () => '"a" "b"').join(" ")})`;
    expect(one(list(30))).toMatchObject(["a", "id", { length: 30 }]);
    expect(one(list(31))).toEqual(badArguments);
  });

  test("everything else is unknown, its literals included", () => {
    expect(read("a SELECT INBOX\r\nb APPEND x {4+}\r\nb O\n\r\nc NOOP\r\n")).toEqual([
      { kind: "bad", tag: "a", why: "unknown" },
      { kind: "bad", tag: "b", why: "unknown" },
      ["c", "noop"],
    ]);
  });
});

describe("tags", () => {
  test.each(["", " NOOP", "+ NOOP", "a+ NOOP", "* NOOP", "a(b NOOP", "\0 NOOP", "\xe9 NOOP", '"a" NOOP'])(
    "%j has none to answer to",
    (line) => {
      expect(one(line)).toMatchObject({
        kind: "bad",
        why: line === "a+ NOOP" || line === "a(b NOOP" ? "unknown" : "tag",
      });
    },
  );

  test("a tag alone is an unknown command", () => {
    expect(one("a")).toEqual({ kind: "bad", tag: "a", why: "unknown" });
    expect(one("a ")).toEqual({ kind: "bad", tag: "a", why: "unknown" });
  });

  test("may have every sign of an atom and a closing bracket", () => {
    expect(one("a.]~1!#$&' NOOP")).toEqual(["a.]~1!#$&'", "noop"]);
  });
});

describe("synchronizing literals", () => {
  const reader = (text: string) => {
    const fresh = new CommandReader();
    fresh.push(Buffer.from(text));
    return fresh;
  };

  test("are asked for, one after the other", () => {
    const fresh = reader("a LOGIN {5}\r\n");
    expect(fresh.next()).toEqual({ kind: "awaiting", tag: "a", command: "login" });
    expect(fresh.next()).toBeUndefined();
    fresh.push(Buffer.from("mario {6}\r\n"));
    expect(fresh.next()).toEqual({ kind: "awaiting", tag: "a", command: "login" });
    fresh.push(Buffer.from("secret\r\n"));
    expect(shown(fresh.next())).toEqual(["a", "login", "mario", "secret"]);
  });

  test("are not asked for where the command is wrong already; the next line is a new command", () => {
    for (const [line, why] of [
      ["a APPEND INBOX {100000}", "unknown"],
      ["a LOGIN mario secret {3}", "arguments"],
      ["a LOGIN mario secret{3}", "arguments"],
      ['a LOGIN "mario {3}', "arguments"],
      ["a AUTHENTICATE {5}", "arguments"],
      ["a NOOP {5}", "arguments"],
    ] as const) {
      const fresh = reader(`${line}\r\nb NOOP\r\n`);
      expect(fresh.next()).toEqual({ kind: "bad", tag: "a", why });
      expect(shown(fresh.next())).toEqual(["b", "noop"]);
    }
  });

  test("end the command when they are refused", () => {
    const fresh = reader("a LOGIN {5}\r\nb NOOP\r\n");
    expect(fresh.next()).toMatchObject({ kind: "awaiting" });
    fresh.refuseLiteral();
    expect(shown(fresh.next())).toEqual(["b", "noop"]);
  });
});

describe("bounds", () => {
  const tooLong = (what: string, tag: string | null = null) => ({ kind: "oversize", tag, what });

  test("a line of 8192 octets is read, a longer one is not waited for", () => {
    expect(one(`a ${"x".repeat(8190)}`)).toEqual({ kind: "bad", tag: "a", why: "unknown" });
    expect(one(`a ${"x".repeat(8191)}`)).toEqual(tooLong("line"));
    expect(read("x".repeat(8193))).toEqual([]);
    expect(read("x".repeat(8194))[0]).toEqual(tooLong("line"));
  });

  test("an ID may be as long as RFC 2971 §3.3 lets it be, and no longer than a whole command", () => {
    const pair = `"${"f".repeat(30)}" "${"v".repeat(1_024)}"`;
    const id = `a id (${Array.from({ length: 30 }, () => pair).join(" ")})`;
    expect(one(id)).toMatchObject(["a", "id", { length: 30 }]);
    expect(read(`a ID ("f" "${"v".repeat(32_758)}`)[0]).toBeUndefined();
    expect(read(`a ID ("f" "${"v".repeat(32_759)}`)[0]).toEqual(tooLong("line"));
    expect(read(`a IDLE ("f" "${"v".repeat(9_000)}`)[0]).toEqual(tooLong("line"));
    expect(read(`a ID ("f" {1+}\r\nv ${"v".repeat(9_000)}`)[0]).toBeUndefined();
    expect(read(`a LOGIN {1+}\r\nv ${"v".repeat(9_000)}`)[0]).toEqual(tooLong("line", "a"));
  });

  test("an answer to a challenge may not be as long as an ID, whatever it begins with", () => {
    const reader = new CommandReader();
    reader.expectResponse();
    reader.push(Buffer.from(`a ID ("f" "${"v".repeat(9_000)}`));
    expect(shown(reader.next())).toEqual(tooLong("line"));
  });

  test("a literal of more than 1024 octets ends it, whether it waits to be asked for or not", () => {
    expect(read("a LOGIN {1025+}\r\n")[0]).toEqual(tooLong("literal", "a"));
    expect(read("a LOGIN {1025}\r\n")[0]).toEqual(tooLong("literal", "a"));
    expect(read("a SELECT {99999999999999999999999+}\r\n")[0]).toEqual(tooLong("literal", "a"));
    expect(read(`a LOGIN mario {1024+}\r\n${"x".repeat(1024)}\r\n`)[0]).toMatchObject([
      "a",
      "login",
      "mario",
      {},
    ]);
  });

  test("a command of endless small literals ends it", () => {
    const flood = `a ID (${"{1000+}\r\n".concat("x".repeat(1000), " ").repeat(70)}`;
    expect(read(flood)[0]).toEqual(tooLong("command", "a"));
  });
});

describe("other protocols", () => {
  test.each(["GET / HTTP/1.1", "POST /mail HTTP/1.0", "PRI * HTTP/2.0"])("%s is a browser's", (line) => {
    expect(one(line)).toEqual({ kind: "foreign", protocol: "http" });
  });

  test("a TLS handshake where text should be is recognised by its first octet", () => {
    expect(read("\x16\x03\x01")[0]).toEqual({ kind: "foreign", protocol: "tls" });
  });
});

test("a response line is no command, whatever it holds", () => {
  const reader = new CommandReader();
  reader.push(Buffer.from("a AUTHENTICATE PLAIN\r\nb LOGIN {3+}\r\nc NOOP\r\n"));
  expect(shown(reader.next())).toEqual(["a", "authenticate", "PLAIN", null]);
  reader.expectResponse();
  expect(shown(reader.next())).toEqual(["response", "b LOGIN {3+}"]);
  expect(shown(reader.next())).toEqual(["c", "noop"]);
});

test("what came behind a command is given back untouched", () => {
  const reader = new CommandReader();
  reader.push(Buffer.from("a LOGIN mario secret\r\nb SELECT INBOX\r\nc FE"));
  expect(shown(reader.next())).toEqual(["a", "login", "mario", "secret"]);
  expect(reader.unread).toBe(20);
  expect(reader.takeRest().toString()).toBe("b SELECT INBOX\r\nc FE");
});
