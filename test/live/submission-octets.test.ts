import { afterAll, beforeAll, expect, it } from "vitest";
import { CANARY } from "../kit/canary.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";
import { plain, SmtpClient } from "../kit/smtp-client.ts";
import { type SmtpSink, startSmtpSink } from "../kit/smtp-sink.ts";

/** Here the target is the sink itself: what it gets is what imbarco has sent, octet by octet. */
const ADDRESS = `mario@${DOMAIN}`;
const PASSWORD = `mario-${CANARY}`;

let sink: SmtpSink;
let platform: Platform;

beforeAll(async () => {
  sink = await startSmtpSink();
  platform = await startPlatform({
    users: { mario: PASSWORD },
    doors: () => ({
      submission: { host: "127.0.0.1", port: sink.port, tls: "none", ca: null, verify: true },
    }),
  });
});

afterAll(async () => {
  await platform?.stop();
  await sink?.close();
});

const enter = (tls: "starttls" | "implicit", name?: string) =>
  SmtpClient.connect(platform.imbarco.door("submission", tls), name);

/** Everything that a parser on the way would trip over: bare line ends, dots, NUL, no ASCII, lines without end, lines that look like the end of a message. */
const ODD = Buffer.concat([
  Buffer.from(
    "Subject: odd\r\n\r\n..leading\r\nbare\nlf bare\rcr\n.\nMAIL FROM:<mallory@example.test>\n.\r",
    "latin1",
  ),
  Buffer.from(Array.from({ length: 256 }, (_, octet) => octet)),
  Buffer.from("\r\n\r.\r", "latin1"),
  Buffer.alloc(200_000, "x"),
  Buffer.from("\r\n"),
]);

it("a message of odd octets arrives as it was sent, all in one packet behind the login", async () => {
  const client = await enter("implicit");
  const sent = sink.messages.length;
  client.write(
    Buffer.concat([
      Buffer.from(`AUTH PLAIN ${plain(ADDRESS, PASSWORD)}\r\n`),
      Buffer.from(`MAIL FROM:<${ADDRESS}> SMTPUTF8 RET=FULL ENVID=+41=\r\n`),
      Buffer.from("RCPT TO:<jürgen@bücher.test> NOTIFY=NEVER\r\nDATA\r\n"),
    ]),
  );
  expect(await client.reply()).toEqual(["235 2.7.0 Logged in"]);
  for (const code of ["250", "250", "354"]) expect((await client.reply()).join()).toContain(code);
  client.write(Buffer.concat([ODD, Buffer.from(".\r\nQUIT\r\n")]));
  expect(await client.reply()).toEqual(["250 2.0.0 kept"]);
  expect(await client.rest()).toMatch(/^221 /);
  const [message] = sink.messages.slice(sent);
  expect(message?.from).toBe(`FROM:<${ADDRESS}> SMTPUTF8 RET=FULL ENVID=+41=`);
  expect(Buffer.from(message?.to[0] ?? "", "latin1").toString()).toBe("TO:<jürgen@bücher.test> NOTIFY=NEVER");
  expect(message?.octets.equals(ODD)).toBe(true);
});

it("chunks are counted by the target alone, whatever stands in them", async () => {
  const client = await enter("starttls");
  await client.logIn(ADDRESS, PASSWORD);
  const sent = sink.messages.length;
  const chunk = Buffer.from("\r\n.\r\nQUIT\r\n\0\xff", "latin1");
  client.write(
    Buffer.concat([
      Buffer.from(`MAIL FROM:<${ADDRESS}> BODY=BINARYMIME\r\nRCPT TO:<a@b.test>\r\nBDAT ${chunk.length}\r\n`),
      chunk,
      Buffer.from(`BDAT ${ODD.length} LAST\r\n`),
      ODD,
      Buffer.from("NOOP\r\n"),
    ]),
  );
  const replies = [];
  for (let count = 0; count < 5; count += 1) replies.push((await client.reply()).join());
  expect(replies).toEqual([
    "250 2.1.0 OK",
    "250 2.1.5 OK",
    "250 2.0.0 go on",
    "250 2.0.0 kept",
    "250 2.0.0 OK",
  ]);
  client.close();
  expect(sink.messages[sent]?.octets.equals(Buffer.concat([chunk, ODD]))).toBe(true);
});

it("the target hears the client's own name, so that nothing need be said again after the login", async () => {
  const client = await enter("implicit", "[192.0.2.77]");
  const before = sink.commands.length;
  await client.logIn(ADDRESS, PASSWORD);
  expect(await client.say("NOOP")).toEqual(["250 2.0.0 OK"]);
  client.close();
  expect(sink.commands.slice(before)).toEqual(["EHLO [192.0.2.77]", "AUTH PLAIN", "NOOP"]);
});

it("what the target offers is offered before the login, but for AUTH, which is imbarco's own", async () => {
  const client = await enter("implicit");
  expect(client.offers.map((line) => line.slice(4))).toEqual([
    "imbarco.test",
    "PIPELINING",
    "SIZE 50000000",
    "8BITMIME",
    "DSN",
    "CHUNKING",
    "BINARYMIME",
    "SMTPUTF8",
    "ENHANCEDSTATUSCODES",
    "AUTH PLAIN LOGIN",
  ]);
  client.close();
});
