import type { HostileServer, Tongue } from "./fake-server.ts";

/** An IMAP server (RFC 9051) that wants TLS before a login. */
export const IMAP_TONGUE: Tongue = {
  greeting: "* OK ready\r\n",
  firstInside: "",
  startTls: "STARTTLS",
  clear: {
    CAPABILITY: "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n% OK done\r\n",
    STARTTLS: "% OK begin\r\n",
    LOGIN: "% OK in\r\n",
    AUTHENTICATE: "% OK in\r\n",
  },
  inside: {
    CAPABILITY: "* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\r\n% OK done\r\n",
    LOGIN: "% OK in\r\n",
    AUTHENTICATE: "% OK in\r\n",
    LOGOUT: "* BYE bye\r\n% OK out\r\n",
  },
  read: (line) => {
    const [tag = "", word = ""] = line.split(" ");
    return { tag, word: word.toUpperCase() };
  },
  unknown: "% BAD unknown\r\n",
};

const capability = (...names: string[]) => `* OK [CAPABILITY ${names.join(" ")}] FORGED\r\n`;
const offering = (...names: string[]) => ({
  CAPABILITY: `* CAPABILITY ${names.join(" ")}\r\n% OK done\r\n`,
});
const BAD = "% BAD FORGED\r\n";
const STRIPPED = { STARTTLS: BAD };
const IGNORED = { starttls: "granted", without: "granted" } as const;
const CAUGHT = { starttls: "protocol", without: "protocol" } as const;
/** What is about STARTTLS alone does no harm where nobody asks for it. */
const ABOUT_TLS = { starttls: "protocol", without: "granted" } as const;

/** Capabilities that are hidden, TLS that is refused, connections that are somebody's already, and other servers to go to. */
const NEGOTIATION: readonly HostileServer[] = [
  {
    covers: ["Negotiation/D_1"],
    does: "knows neither CAPABILITY nor STARTTLS",
    says: { ...STRIPPED, CAPABILITY: BAD },
    ends: CAUGHT,
  },
  {
    covers: ["Negotiation/D_2"],
    does: "greets with an older IMAP and does not know STARTTLS",
    greeting: capability("IMAP4"),
    says: { ...STRIPPED, ...offering("IMAP4") },
    ends: ABOUT_TLS,
  },
  {
    covers: ["Negotiation/D_3"],
    does: "speaks of an older IMAP where it is asked and does not know STARTTLS",
    says: { ...STRIPPED, ...offering("IMAP4") },
    ends: ABOUT_TLS,
  },
  {
    covers: ["Negotiation/L_1_A"],
    does: "refers every login to another server",
    says: {
      LOGIN: "% NO [REFERRAL imap://FORGED.test/] go there\r\n",
      AUTHENTICATE: "% NO [REFERRAL imap://FORGED.test/] go there\r\n",
    },
    saysInside: { AUTHENTICATE: "% NO [REFERRAL imap://INSIDE.test/] go there\r\n" },
    ends: CAUGHT,
  },
  {
    covers: [],
    does: "grants the login and refers to another server (RFC 2221 §4.2)",
    says: {
      LOGIN: "% OK [REFERRAL imap://FORGED.test/] in\r\n",
      AUTHENTICATE: "% OK [REFERRAL imap://FORGED.test/] in\r\n",
    },
    saysInside: { AUTHENTICATE: "% OK [REFERRAL imap://INSIDE.test/] in\r\n" },
    ends: IGNORED,
  },
  {
    covers: ["Negotiation/L_1_B", "setup_opportunistic_encryption"],
    does: "offers a login in clear",
    greeting: capability("IMAP4rev1", "STARTTLS", "SASL-IR", "AUTH=PLAIN", "AUTH=LOGIN"),
    ends: IGNORED,
  },
  {
    covers: ["Negotiation/M_1_A"],
    does: "greets as if somebody were logged in, and would refer to folders elsewhere (RFC 2193)",
    greeting: "* PREAUTH [CAPABILITY IMAP4rev1 MAILBOX-REFERRALS] FORGED\r\n",
    ends: CAUGHT,
  },
  {
    covers: ["Negotiation/M_1_B", "setup", "setup_compression", "tls_setup"],
    does: "takes no login in clear, which others say that were led to it",
    greeting: capability("IMAP4rev1", "STARTTLS", "LOGINDISABLED"),
    ends: { starttls: "granted", without: "protocol" },
  },
  {
    covers: ["Negotiation/M_2_A", "Negotiation/M_2_B"],
    does: "offers to refer to folders elsewhere",
    greeting: capability("IMAP4rev1", "MAILBOX-REFERRALS", "STARTTLS"),
    saysInside: offering("IMAP4rev1", "SASL-IR", "AUTH=PLAIN", "MAILBOX-REFERRALS"),
    ends: IGNORED,
  },
  {
    covers: ["Negotiation/O_1"],
    does: "does not offer STARTTLS and does not know it",
    greeting: capability("IMAP4rev1", "SASL-IR", "AUTH=PLAIN"),
    says: STRIPPED,
    ends: ABOUT_TLS,
  },
  ...(
    [
      ["O_2", "says NO to it", "% NO FORGED\r\n"],
      ["O_3", "says BAD to it", BAD],
      ["O_4", "asks for more words instead of answering", "+ FORGED\r\n"],
    ] as const
  ).map(
    ([name, what, STARTTLS]): HostileServer => ({
      covers: [`Negotiation/${name}`],
      does: `offers STARTTLS and ${what}`,
      greeting: capability("IMAP4rev1", "STARTTLS", "SASL-IR", "AUTH=PLAIN"),
      says: { STARTTLS },
      ends: ABOUT_TLS,
    }),
  ),
  ...(
    [
      [["Negotiation/P"], "STARTTLS LOGINDISABLED"],
      [["Negotiation/P_1", "others/protocol/greeting/04_greeting_preauth"], ""],
      [["Negotiation/P_2", "Negotiation/P_4"], "AUTH=PLAIN AUTH=LOGIN"],
      [["Negotiation/P_3", "Negotiation/P_5"], "STARTTLS AUTH=PLAIN AUTH=LOGIN"],
    ] as const
  ).map(
    ([covers, names]): HostileServer => ({
      covers,
      does: `greets as if somebody were logged in, with "${names}"`,
      greeting: `* PREAUTH [CAPABILITY IMAP4rev1 ${names}] FORGED\r\n`,
      ends: CAUGHT,
    }),
  ),
];

/** What is said in clear where a client may take it for something said inside TLS. */
const BUFFERING: readonly HostileServer[] = [
  {
    covers: ["Buffering/B_1"],
    does: "answers the CAPABILITY to come behind its OK to STARTTLS",
    says: { STARTTLS: "% OK begin\r\n* CAPABILITY FORGED\r\n%1 OK done\r\n" },
    beginsTls: true,
    ends: ABOUT_TLS,
  },
  {
    covers: ["Buffering/B_2"],
    does: "says something behind its OK to STARTTLS",
    says: { STARTTLS: "% OK begin\r\n* OK [ALERT] FORGED\r\n" },
    beginsTls: true,
    ends: ABOUT_TLS,
  },
  {
    covers: ["Buffering/B_2", "UI Spoofing/starttls/ok/01_alert"],
    does: "says something before its OK to STARTTLS",
    says: { STARTTLS: "* OK [ALERT] FORGED\r\n% OK begin\r\n" },
    beginsTls: true,
    ends: IGNORED,
  },
  {
    covers: ["Buffering/B_2"],
    does: "says something as the first thing inside TLS",
    firstInside: "* OK [ALERT] INSIDE\r\n",
    ends: IGNORED,
  },
  {
    covers: ["Buffering/B_3"],
    does: "says goodbye behind its OK to STARTTLS",
    says: { STARTTLS: "% OK begin\r\n* BYE FORGED\r\n" },
    beginsTls: true,
    ends: ABOUT_TLS,
  },
  {
    covers: [],
    does: "begins a literal behind its OK to STARTTLS",
    says: { STARTTLS: "% OK begin\r\n* LIST () NIL {20}\r\n" },
    beginsTls: true,
    ends: ABOUT_TLS,
  },
];

/** Data about folders and messages that nobody has asked for, and that the untouched server would never have sent. */
const UNTAGGED = [
  ["01_list", '* LIST () "/" FORGED'],
  ["02_lsub", '* LSUB () "/" FORGED'],
  ["03_status_1", "* STATUS FORGED (MESSAGES 1 RECENT 2 UIDNEXT 3 UNSEEN 4 UIDVALIDITY 5)"],
  ["03_status_2", "* STATUS INBOX (MESSAGES 1 RECENT 2 UIDNEXT 3 UNSEEN 4 UIDVALIDITY 5)"],
  ["04_search", "* SEARCH 1 2 3 4 5"],
  ["05_flags", "* FLAGS (\\Flagged FORGED)"],
  ["06_exists", "* 23 EXISTS"],
  ["07_recent", "* 5 RECENT"],
  ["08_expunge", "* 1 EXPUNGE"],
  ["09_fetch", '* 1 FETCH (FLAGS (\\Seen) BODY[] "FORGED")'],
] as const;

const TAMPERING: readonly HostileServer[] = [
  ...UNTAGGED.flatMap(([name, line]): HostileServer[] => [
    {
      covers: [`Tampering/untagged/after_greeting/${name}`],
      does: `says ${line} behind its greeting`,
      behindGreeting: `${line}\r\n`,
      ends: IGNORED,
    },
    {
      covers: [`Tampering/untagged/before_starttls/${name}`],
      does: `says ${line} before its OK to STARTTLS`,
      says: { STARTTLS: `${line}\r\n% OK begin\r\n` },
      beginsTls: true,
      ends: IGNORED,
    },
  ]),
  {
    covers: ["Tampering/untagged/protocol_state/01_referral"],
    does: "refers to another server behind its greeting",
    behindGreeting: "* OK [REFERRAL imaps://FORGED.test:993] go there\r\n",
    ends: IGNORED,
  },
];

export const IMAP_SERVERS = { NEGOTIATION, BUFFERING, TAMPERING };
