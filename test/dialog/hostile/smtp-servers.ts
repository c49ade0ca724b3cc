import type { HostileServer, Tongue } from "./fake-server.ts";

/** A submission server (RFC 5321, RFC 3207, RFC 4954) that wants TLS before a login. */
export const SMTP_TONGUE: Tongue = {
  greeting: "220 mail.test ESMTP\r\n",
  firstInside: "",
  startTls: "STARTTLS",
  clear: { EHLO: "250-mail.test\r\n250 STARTTLS\r\n", STARTTLS: "220 begin\r\n" },
  inside: { EHLO: "250-mail.test\r\n250 AUTH PLAIN\r\n", AUTH: "235 2.7.0 in\r\n", QUIT: "221 bye\r\n" },
  read: (line) => ({ tag: "", word: (line.split(" ")[0] ?? "").toUpperCase() }),
  unknown: "500 5.5.2 unknown\r\n",
};

const IGNORED = { starttls: "granted", without: "granted" } as const;
const CAUGHT = { starttls: "protocol", without: "protocol" } as const;
const GONE = { starttls: "unreachable", without: "unreachable" } as const;
const ABOUT_TLS = { starttls: "protocol", without: "granted" } as const;

/** What a code means where another was due. */
function ends(code: number): HostileServer["ends"] {
  return code >= 400 && code < 500 ? GONE : CAUGHT;
}

const REFUSED = { STARTTLS: "502 FORGED\r\n" };
const EHLO_REFUSED = { EHLO: "500 FORGED\r\n" };

const NEGOTIATION: readonly HostileServer[] = [
  {
    covers: ["Negotiation/D_1"],
    does: "behaves as if it were older than EHLO",
    says: { ...REFUSED, ...EHLO_REFUSED, HELO: "250 FORGED\r\n" },
    ends: CAUGHT,
  },
  {
    covers: ["Negotiation/O_1"],
    does: "offers a login instead of STARTTLS, which it does not know",
    says: { ...REFUSED, EHLO: "250-FORGED\r\n250 AUTH PLAIN LOGIN\r\n" },
    ends: ABOUT_TLS,
  },
  {
    covers: ["others/X_1"],
    does: "offers every mechanism there is instead of STARTTLS, which it does not know",
    says: {
      ...REFUSED,
      EHLO: "250-FORGED\r\n250 AUTH ANONYMOUS APOP CRAM-MD5 CRYPT EXTERNAL LOGIN MD5 NTLM PLAIN PLAIN2 SASLPLAIN SKEY\r\n",
    },
    ends: ABOUT_TLS,
  },
  ...(
    [
      ["Negotiation/O_2", 502, "protocol"],
      ["Negotiation/O_3", 454, "unreachable"],
      ["Negotiation/O_4", 354, "protocol"],
      ["others/starttls/221", 221, "protocol"],
      ["others/starttls/354", 354, "protocol"],
      ["others/starttls/421", 421, "unreachable"],
      ["others/starttls/454", 454, "unreachable"],
      ["others/starttls/500", 500, "protocol"],
      ["others/starttls/501", 501, "protocol"],
      ["others/starttls/530", 530, "protocol"],
    ] as const
  ).map(
    ([covers, code, starttls]): HostileServer => ({
      covers: [covers],
      does: `offers STARTTLS and answers it with ${code} (${covers})`,
      says: { STARTTLS: `${code} FORGED\r\n`, EHLO: "250-mail.test\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n" },
      ends: { starttls, without: "granted" },
    }),
  ),
  {
    covers: ["others/starttls/220", "setup", "setup_opportunistic_encryption", "others/greeting/220"],
    does: "does nothing out of order",
    ends: IGNORED,
  },
  {
    covers: [],
    does: "agrees to STARTTLS and does not begin it",
    says: { STARTTLS: "220 FORGED\r\n", EHLO: "250-mail.test\r\n250 AUTH PLAIN\r\n" },
    beginsTls: false,
    ends: { starttls: "unreachable", without: "granted" },
  },
];

const INTRODUCTION: readonly HostileServer[] = [
  ...[221, 354, 421, 500, 501, 530, 554].map(
    (code): HostileServer => ({
      covers: [`others/greeting/${code}`],
      does: `greets with ${code}`,
      greeting: `${code} FORGED\r\n`,
      ends: ends(code),
    }),
  ),
  ...[220, 221, 354, 421, 500, 501, 530].map(
    (code): HostileServer => ({
      covers: [`others/quit/greeting500_quit${code}`],
      does: `greets with 500 and would answer a goodbye with ${code}`,
      greeting: "500 FORGED\r\n",
      says: { QUIT: `${code} FORGED\r\n` },
      ends: CAUGHT,
    }),
  ),
  ...[220, 221, 354, 421, 500, 501, 502, 504, 530, 550].map(
    (code): HostileServer => ({
      covers: [`others/ehlo/${code}`],
      does: `answers EHLO with ${code}`,
      says: { EHLO: `${code} FORGED\r\n` },
      ends: ends(code),
    }),
  ),
  ...[220, 221, 354, 421, 500, 501, 530].map(
    (code): HostileServer => ({
      covers: [`others/helo/ehlo500_helo${code}`, `others/rset/ehlo500_rset${code}`],
      does: `answers EHLO with 500, HELO and RSET with ${code}`,
      says: { ...EHLO_REFUSED, HELO: `${code} FORGED\r\n`, RSET: `${code} FORGED\r\n` },
      ends: CAUGHT,
    }),
  ),
  {
    covers: ["others/ehlo/250-all", "others/ehlo/250-all-no-starttls"],
    does: "offers every mechanism there is in clear",
    says: { EHLO: "250-FORGED\r\n250 AUTH ANONYMOUS APOP CRAM-MD5 EXTERNAL LOGIN NTLM PLAIN XOAUTH2\r\n" },
    ends: IGNORED,
  },
  {
    covers: ["others/ehlo/250-empty"],
    does: "offers nothing in clear",
    says: { EHLO: "250 FORGED\r\n" },
    ends: { starttls: "granted", without: "protocol" },
  },
];

const BUFFERING: readonly HostileServer[] = [
  {
    covers: ["Buffering/B_1"],
    does: "answers the EHLO to come behind its answer to STARTTLS",
    says: { STARTTLS: "220 begin\r\n250-mail.test\r\n250 AUTH LOGIN FORGED\r\n" },
    beginsTls: true,
    ends: ABOUT_TLS,
  },
  {
    covers: [],
    does: "answers STARTTLS with several lines",
    says: { STARTTLS: "220-FORGED\r\n220 begin\r\n" },
    beginsTls: true,
    ends: IGNORED,
  },
  {
    covers: [],
    does: "answers ahead of every question",
    behindGreeting: "250-mail.test\r\n250 AUTH PLAIN FORGED\r\n220 begin\r\n235 in\r\n",
    ends: CAUGHT,
  },
  {
    covers: [],
    does: "answers EHLO twice",
    says: { EHLO: "250 mail.test\r\n250 AUTH PLAIN FORGED\r\n" },
    saysInside: { EHLO: "250 mail.test\r\n250 AUTH PLAIN INSIDE\r\n" },
    ends: CAUGHT,
  },
];

/** What never ends. */
const ENDLESS: readonly HostileServer[] = [
  { covers: [], does: "greets without an end", greeting: `220 ${"FORGED".repeat(20_000)}`, ends: CAUGHT },
  {
    covers: [],
    does: "greets in lines without an end",
    greeting: "220-FORGED\r\n".repeat(20_000),
    ends: CAUGHT,
  },
  {
    covers: [],
    does: "answers EHLO in lines without an end",
    says: { EHLO: "250-FORGED\r\n".repeat(20_000) },
    ends: CAUGHT,
  },
  {
    covers: [],
    does: "changes its code in the middle of an answer",
    says: { EHLO: "250-FORGED\r\n220 AUTH PLAIN\r\n" },
    ends: CAUGHT,
  },
  {
    covers: [],
    does: "says nothing to its first question",
    says: { EHLO: null },
    ends: GONE,
  },
  { covers: [], does: "speaks another protocol", greeting: "* OK FORGED\r\n", ends: CAUGHT },
  {
    covers: [],
    does: "asks for more and more at the login",
    says: { AUTH: "334 FORGED\r\n", EHLO: "250-mail.test\r\n250 AUTH PLAIN\r\n" },
    saysInside: { AUTH: "334 INSIDE\r\n" },
    ends: CAUGHT,
  },
];

export const SMTP_SERVERS = { NEGOTIATION, INTRODUCTION, BUFFERING, ENDLESS };
