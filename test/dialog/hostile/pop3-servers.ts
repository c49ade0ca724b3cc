import type { HostileServer, Tongue } from "./fake-server.ts";

/** A POP3 server (RFC 1939, RFC 2449, RFC 2595) that wants TLS before a login. */
export const POP3_TONGUE: Tongue = {
  greeting: "+OK ready\r\n",
  firstInside: "",
  startTls: "STLS",
  clear: { CAPA: "+OK list\r\nSTLS\r\nUIDL\r\n.\r\n", STLS: "+OK begin\r\n" },
  inside: {
    CAPA: "+OK list\r\nUSER\r\nUIDL\r\nSASL PLAIN\r\n.\r\n",
    AUTH: "+OK in\r\n",
    USER: "+OK\r\n",
    PASS: "+OK in\r\n",
    QUIT: "+OK bye\r\n",
  },
  read: (line) => ({ tag: "", word: (line.split(" ")[0] ?? "").toUpperCase() }),
  unknown: "-ERR unknown\r\n",
};

const IGNORED = { starttls: "granted", without: "granted" } as const;
const CAUGHT = { starttls: "protocol", without: "protocol" } as const;
const GONE = { starttls: "unreachable", without: "unreachable" } as const;
const ABOUT_TLS = { starttls: "protocol", without: "granted" } as const;
const CAPA_REFUSED = { CAPA: "-ERR FORGED\r\n" };
const STLS_REFUSED = { STLS: "-ERR FORGED\r\n" };
const offering = (...lines: string[]) => ({
  CAPA: ["+OK list", ...lines, "."].map((line) => `${line}\r\n`).join(""),
});

const STRIPPED: readonly HostileServer[] = [
  {
    covers: ["Negotiation/O_1", "others/capa/capa_ok_sasl_no_stls"],
    does: "does not offer STLS and does not know it",
    says: { ...STLS_REFUSED, ...offering("USER", "SASL PLAIN LOGIN CRAM-MD5 GSSAPI EXTERNAL") },
    ends: ABOUT_TLS,
  },
  {
    covers: [
      "Negotiation/O_2",
      "others/stls/greeting_ok_capa_ok_stls_err",
      "others/quit/greeting_ok_capa_stls_stls_err_quit_err",
      "others/quit/greeting_ok_capa_stls_stls_err_quit_ok",
    ],
    does: "offers STLS and refuses it, whatever it says to a goodbye",
    says: { ...STLS_REFUSED, ...offering("STLS", "USER", "UIDL"), QUIT: "-ERR FORGED stay\r\n" },
    ends: ABOUT_TLS,
  },
  {
    covers: ["Negotiation/O_3", "others/auth/capa_err_auth_err", "others/capa/capa_err"],
    does: "knows neither CAPA nor STLS",
    says: { ...STLS_REFUSED, ...CAPA_REFUSED },
    ends: ABOUT_TLS,
  },
  {
    covers: ["Negotiation/O_4", "others/greeting/ok_timestamp"],
    does: "greets with the challenge of a digest (RFC 1939 §7), to get one that is easily undone",
    greeting: "+OK FORGED <1896.697170952@forged.test>\r\n",
    says: offering("STLS", "USER", "SASL PLAIN"),
    ends: IGNORED,
  },
  {
    covers: ["others/P_1-unfinished"],
    does: "greets with the challenge of a digest and refuses STLS",
    greeting: "+OK FORGED <1896.697170952@forged.test>\r\n",
    says: { ...STLS_REFUSED, ...offering("STLS", "USER", "SASL CRAM-MD5 KERBEROS_V4") },
    ends: ABOUT_TLS,
  },
  {
    covers: ["others/X_1"],
    does: "offers every mechanism there is and refuses STLS",
    says: {
      ...STLS_REFUSED,
      ...offering(
        "SASL ANONYMOUS APOP CRAM-MD5 CRAM-SHA1 DIGEST-MD5 EXTERNAL GSSAPI LOGIN NTLM OTP PLAIN XOAUTH2",
      ),
    },
    ends: ABOUT_TLS,
  },
  {
    covers: ["others/X_1-unfinished"],
    does: "greets with a word that only begins like a greeting",
    greeting: "+FORGED?\r\n",
    ends: CAUGHT,
  },
  {
    covers: ["others/X_1-unfinished"],
    does: "answers STLS with a word that only begins like a yes",
    says: { STLS: "+OKAY FORGED\r\n" },
    beginsTls: true,
    ends: ABOUT_TLS,
  },
  {
    covers: ["others/auth/capa_err_auth_ok_all"],
    does: "does not know CAPA and lists mechanisms to a bare AUTH",
    says: {
      ...STLS_REFUSED,
      ...CAPA_REFUSED,
      AUTH: "+OK list\r\nPLAIN\r\n+APOP\r\nCRAM-MD5\r\nFORGED\r\n.\r\n",
    },
    ends: ABOUT_TLS,
  },
  {
    covers: ["others/auth/capa_err_auth_ok_empty"],
    does: "does not know CAPA and lists nothing to a bare AUTH",
    says: { ...STLS_REFUSED, ...CAPA_REFUSED, AUTH: "+OK list\r\n.\r\n" },
    ends: ABOUT_TLS,
  },
  {
    covers: ["others/auth/capa_err_quit_err_sys_perm", "others/auth/capa_err_quit_ok_sys_perm"],
    does: "does not know CAPA and has words for people behind a goodbye",
    says: { ...STLS_REFUSED, ...CAPA_REFUSED, QUIT: "+OK [SYS/PERM] FORGED\r\n" },
    ends: ABOUT_TLS,
  },
  {
    covers: ["others/capa/capa_err_code_sys_perm"],
    does: "refuses CAPA with words for people",
    says: { ...STLS_REFUSED, CAPA: "-ERR [SYS/PERM] FORGED\r\n" },
    ends: ABOUT_TLS,
  },
  {
    covers: ["others/capa/capa_ok_all"],
    does: "offers everything there is",
    says: offering(
      "TOP",
      "USER",
      "SASL PLAIN LOGIN CRAM-MD5",
      "LOGIN-DELAY 15 USER",
      "LOGIN-DELAY 15",
      "EXPIRE NEVER",
      "EXPIRE 0",
      "STLS",
      "UTF8",
      "UTF8 USER",
      "LANG",
    ),
    ends: IGNORED,
  },
  {
    covers: ["others/capa/capa_ok_empty"],
    does: "offers nothing",
    says: { ...STLS_REFUSED, ...offering() },
    ends: ABOUT_TLS,
  },
  {
    covers: ["others/stls/greeting_ok_capa_ok_stls_err_sys_perm"],
    does: "refuses STLS with words for people",
    says: { STLS: "-ERR [SYS/PERM] FORGED\r\n" },
    ends: ABOUT_TLS,
  },
  {
    covers: ["others/stls/greeting_ok_capa_ok_stls_ok", "setup", "setup_opportunistic_encryption"],
    does: "does nothing out of order",
    ends: IGNORED,
  },
  {
    covers: ["others/stls/greeting_ok_capa_ok_stls_ok_sys_perm"],
    does: "agrees to STLS with words for people and does not begin TLS",
    says: { STLS: "+OK [SYS/PERM] FORGED\r\n" },
    beginsTls: false,
    ends: { starttls: "unreachable", without: "granted" },
  },
];

const GREETINGS: readonly HostileServer[] = [
  ...(
    [
      [
        [
          "others/greeting/err",
          "others/greeting/greeting_2",
          "others/quit/greeting_err_quit_err",
          "others/quit/greeting_err_quit_ok",
        ],
        "FORGED",
      ],
      [["others/greeting/err_escape"], "\x1b[31;1;4mFORGED\x1b[0m"],
      [["others/greeting/err_sys_perm"], "[SYS/PERM] FORGED"],
      [["others/greeting/err_sys_temp"], "[SYS/TEMP] FORGED"],
      [["others/greeting/err_timestamp"], "FORGED <12345678912345678912.1234567891@forged.test>"],
    ] as const
  ).map(
    ([covers, words]): HostileServer => ({
      covers,
      does: `greets with -ERR ${JSON.stringify(words)}`,
      greeting: `-ERR ${words}\r\n`,
      ends: GONE,
    }),
  ),
  ...(
    [
      [["others/greeting/ok", "others/greeting/greeting_1"], "FORGED"],
      [["others/greeting/ok_escape"], "\x1b[31;1;4mFORGED\x1b[0m"],
      [["others/greeting/ok_sys_perm"], "[SYS/PERM] FORGED"],
      [["others/greeting/ok_sys_temp"], "[SYS/TEMP] FORGED"],
      [["others/code"], "[IN-USE] FORGED"],
    ] as const
  ).map(
    ([covers, words]): HostileServer => ({
      covers,
      does: `greets with +OK ${JSON.stringify(words)}`,
      greeting: `+OK ${words}\r\n`,
      ends: IGNORED,
    }),
  ),
  {
    covers: ["others/unsolicited/multi_line_scan_listing"],
    does: "puts a list of messages behind its greeting",
    behindGreeting: "1 120\r\n2 200\r\n.\r\n",
    ends: CAUGHT,
  },
  {
    covers: [],
    does: "answers ahead of every question",
    behindGreeting: "+OK begin\r\n+OK list\r\n.\r\n+OK in\r\n",
    ends: CAUGHT,
  },
  { covers: [], does: "speaks another protocol", greeting: "220 mail.test ESMTP FORGED\r\n", ends: CAUGHT },
];

const BUFFERING: readonly HostileServer[] = [
  {
    covers: ["Buffering/B_1"],
    does: "answers the questions to come behind its OK to STLS",
    says: { STLS: "+OK begin\r\n+OK list\r\nSASL FORGED\r\n.\r\n" },
    beginsTls: true,
    ends: ABOUT_TLS,
  },
  {
    covers: ["Buffering/B_2"],
    does: "puts octets without a line end behind its OK to STLS",
    says: { STLS: "+OK begin\r\n\xb9\xb3FORGED" },
    beginsTls: true,
    ends: ABOUT_TLS,
  },
];

/** What never ends. */
const ENDLESS: readonly HostileServer[] = [
  { covers: [], does: "greets without an end", greeting: `+OK ${"FORGED".repeat(20_000)}`, ends: CAUGHT },
  {
    covers: [],
    does: "lists what it offers without an end",
    says: { CAPA: `+OK list\r\n${"FORGED\r\n".repeat(20_000)}` },
    saysInside: { CAPA: `+OK list\r\n${"INSIDE\r\n".repeat(20_000)}` },
    ends: CAUGHT,
  },
  {
    covers: [],
    does: "says nothing to what asks for TLS",
    says: { STLS: null, CAPA: null },
    ends: GONE,
  },
  {
    covers: [],
    does: "asks for more and more at the login",
    says: { AUTH: "+ FORGED\r\n" },
    saysInside: { AUTH: "+ INSIDE\r\n" },
    ends: CAUGHT,
  },
];

export const POP3_SERVERS = { STRIPPED, GREETINGS, BUFFERING, ENDLESS };
