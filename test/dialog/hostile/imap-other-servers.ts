import type { HostileServer } from "./fake-server.ts";

const BAD = "% BAD FORGED\r\n";
const IGNORED = { starttls: "granted", without: "granted" } as const;
const CAUGHT = { starttls: "protocol", without: "protocol" } as const;
const ABOUT_TLS = { starttls: "protocol", without: "granted" } as const;

/** Words for people, in the places where mail programs show them. */
const SPOOFED: readonly HostileServer[] = (
  [
    ["01_alert", "ALERT"],
    ["02_badcharset", "BADCHARSET (FORGED)"],
    ["03_parse", "PARSE"],
  ] as const
).flatMap(([name, code]): HostileServer[] => [
  {
    covers: [`UI Spoofing/greeting/ok/${name}`],
    does: `greets with words for people and the code ${code}`,
    greeting: `* OK [${code}] FORGED\r\n`,
    ends: IGNORED,
  },
  {
    covers: [`UI Spoofing/greeting/no/${name}`],
    does: `greets with NO, words for people and the code ${code}`,
    greeting: `* NO [${code}] FORGED\r\n`,
    ends: CAUGHT,
  },
]);

/** Names of SASL mechanisms: more of them than anybody has. */
const MECHANISMS =
  "ANONYMOUS CRAM-MD5 DIGEST-MD5 EXTERNAL GSSAPI KERBEROS_V4 LOGIN NTLM OAUTHBEARER OTP PLAIN SCRAM-MD5 SCRAM-SHA-1 SKEY SRP XOAUTH XOAUTH2 X-FORGED"
    .split(" ")
    .map((name) => `AUTH=${name}`);

const OTHERS: readonly HostileServer[] = [
  {
    covers: ["others/X_1"],
    does: "offers every mechanism there is in clear",
    greeting: `* OK [CAPABILITY IMAP4rev1 SASL-IR ${MECHANISMS.join(" ")}] FORGED\r\n`,
    ends: IGNORED,
  },
  {
    covers: ["others/exploit/list_injection_expunge"],
    does: "puts a folder with a line for people behind its greeting",
    greeting: "* OK [CAPABILITY IMAP4rev1 STARTTLS BINARY] FORGED\r\n",
    behindGreeting: '* LIST () "/" "click me FORGED"\r\n',
    ends: IGNORED,
  },
  {
    covers: ["others/exploit/stripping_drafts"],
    does: "does not know STARTTLS, to get what is uploaded",
    greeting: "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=LOGIN] FORGED\r\n",
    says: { STARTTLS: BAD },
    ends: ABOUT_TLS,
  },
  {
    covers: ["others/imapsieve_1"],
    does: "names a server for scripts elsewhere",
    greeting: "* OK [CAPABILITY IMAP4rev1 STARTTLS IMAPSIEVE=sieve://FORGED.test] FORGED\r\n",
    ends: IGNORED,
  },
  {
    covers: ["others/protocol/construction/01_greeting_invalid"],
    does: "greets with what is no greeting",
    greeting: "FORGED words\r\n",
    ends: CAUGHT,
  },
  {
    covers: ["others/protocol/construction/02_greeting_invalid_ok"],
    does: "greets with what is no greeting, then with one",
    greeting: "FORGED words\r\n* OK ready\r\n",
    ends: CAUGHT,
  },
  {
    covers: ["others/protocol/construction/03_greeting_invalid_invalid_ok"],
    does: "greets twice with what is no greeting, then with one",
    greeting: "FORGED words\r\nFORGED again\r\n* OK ready\r\n",
    ends: CAUGHT,
  },
  {
    covers: ["others/protocol/construction/greeting_tagged"],
    does: "greets with an answer to a command",
    greeting: "FORGED OK ready\r\n",
    ends: CAUGHT,
  },
  {
    covers: ["others/protocol/construction/reorder"],
    does: "answers commands that were not sent yet",
    behindGreeting: "2 OK begin FORGED\r\n",
    says: { STARTTLS: null },
    ends: CAUGHT,
  },
  {
    covers: ["others/protocol/construction/reorder"],
    does: "answers the login before it was sent",
    says: { CAPABILITY: "* CAPABILITY IMAP4rev1\r\n2 OK in\r\n% OK done\r\n" },
    saysInside: { CAPABILITY: "* CAPABILITY IMAP4rev1\r\n2 OK in\r\n% OK done\r\n" },
    ends: CAUGHT,
  },
  {
    covers: ["others/protocol/greeting/01_greeting_ok"],
    does: "greets with words alone",
    greeting: "* OK FORGED\r\n",
    ends: IGNORED,
  },
  {
    covers: ["others/protocol/greeting/02_greeting_no"],
    does: "greets with NO",
    greeting: "* NO FORGED\r\n",
    ends: CAUGHT,
  },
  {
    covers: ["others/protocol/greeting/03_greeting_bad"],
    does: "greets with BAD",
    greeting: "* BAD FORGED\r\n",
    ends: CAUGHT,
  },
  {
    covers: ["others/protocol/greeting/05_greeting_bye"],
    does: "greets with BYE",
    greeting: "* BYE FORGED\r\n",
    ends: { starttls: "unreachable", without: "unreachable" },
  },
  {
    covers: [],
    does: "greets with BYE and signs that a terminal obeys",
    greeting: "* BYE [ALERT] \x1b[2J\x07\x9b31m\xe2\x80\xaeFORGED\r\n",
    ends: { starttls: "unreachable", without: "unreachable" },
  },
  {
    covers: ["others/reproduction/balsa_issue_48"],
    does: "does not know CAPABILITY, inside TLS neither",
    says: { CAPABILITY: BAD },
    saysInside: { CAPABILITY: "% BAD INSIDE\r\n" },
    beginsTls: true,
    ends: CAUGHT,
  },
  {
    covers: ["others/untagged_capability_after_greeting"],
    does: "tells its capabilities unasked behind its greeting",
    behindGreeting: "* CAPABILITY IMAP4rev1 FORGED\r\n",
    ends: IGNORED,
  },
  {
    covers: ["others/untagged_capability_before_starttls"],
    does: "tells its capabilities before its OK to STARTTLS",
    says: { STARTTLS: "* CAPABILITY IMAP4rev1 FORGED\r\n% OK begin\r\n" },
    beginsTls: true,
    ends: IGNORED,
  },
  {
    covers: ["others/utf8_only_1", "others/utf8_only_2"],
    does: "wants UTF-8 switched on before anything else (RFC 6855 §6)",
    greeting: "* OK [CAPABILITY IMAP4rev1 UTF8=ONLY ENABLE STARTTLS] FORGED\r\n",
    saysInside: { CAPABILITY: "* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN UTF8=ONLY ENABLE\r\n% OK done\r\n" },
    ends: IGNORED,
  },
];

const CHATTER = "* OK still busy\r\n".repeat(20_000);

/** What never ends, and what is too large. */
const ENDLESS: readonly HostileServer[] = [
  { covers: [], does: "greets without an end", greeting: `* OK ${"FORGED".repeat(20_000)}`, ends: CAUGHT },
  {
    covers: [],
    does: "chatters without an end behind its greeting",
    behindGreeting: "* OK FORGED\r\n".repeat(20_000),
    ends: CAUGHT,
  },
  {
    covers: [],
    does: "sends a large literal behind its greeting",
    behindGreeting: "* LIST () NIL {99999999}\r\nFORGED",
    ends: CAUGHT,
  },
  {
    covers: [],
    does: "sends a literal of a size that no number holds",
    behindGreeting: `* LIST () NIL {${"9".repeat(400)}}\r\n`,
    ends: CAUGHT,
  },
  {
    covers: [],
    does: "sends small literals without an end",
    behindGreeting: `* LIST ${"{1}\r\nx".repeat(20_000)}`,
    ends: CAUGHT,
  },
  {
    covers: [],
    does: "chatters without an end at the login",
    says: { LOGIN: CHATTER, AUTHENTICATE: CHATTER },
    saysInside: { LOGIN: CHATTER, AUTHENTICATE: CHATTER },
    ends: CAUGHT,
  },
  {
    covers: [],
    does: "says nothing to what asks for TLS",
    says: { STARTTLS: null, CAPABILITY: null },
    ends: { starttls: "unreachable", without: "unreachable" },
  },
  {
    covers: [],
    does: "says nothing inside TLS",
    says: { CAPABILITY: null },
    saysInside: { CAPABILITY: null },
    ends: { starttls: "unreachable", without: "unreachable" },
  },
  {
    covers: [],
    does: "agrees to STARTTLS and does not begin it",
    says: { STARTTLS: "% OK begin\r\n" },
    beginsTls: false,
    ends: { starttls: "unreachable", without: "granted" },
  },
];

export const IMAP_OTHER_SERVERS = { SPOOFED, OTHERS, ENDLESS };
