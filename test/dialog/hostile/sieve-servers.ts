import type { HostileServer, Tongue } from "./fake-server.ts";

const CLEAR_LINES = '"IMPLEMENTATION" "x"\r\n"SIEVE" "fileinto"\r\n"SASL" ""\r\n"STARTTLS"\r\n';
const INSIDE_LINES = '"IMPLEMENTATION" "x"\r\n"SIEVE" "fileinto"\r\n"SASL" "PLAIN"\r\n';

/** A ManageSieve server (RFC 5804) that wants TLS before a login. Whoever does not ask for TLS is offered a login in its greeting. */
export const SIEVE_TONGUE: Tongue = {
  greeting: `${CLEAR_LINES.replace('"SASL" ""', '"SASL" "PLAIN"')}OK "ready"\r\n`,
  firstInside: `${INSIDE_LINES}OK "ready"\r\n`,
  startTls: "STARTTLS",
  clear: { STARTTLS: 'OK "begin"\r\n' },
  inside: { AUTHENTICATE: 'OK "in"\r\n', LOGOUT: 'OK "bye"\r\n' },
  read: (line) => ({ tag: "", word: (line.split(" ")[0] ?? "").toUpperCase() }),
  unknown: 'NO "unknown"\r\n',
};

const IGNORED = { starttls: "granted", without: "granted" } as const;
const CAUGHT = { starttls: "protocol", without: "protocol" } as const;
const GONE = { starttls: "unreachable", without: "unreachable" } as const;
const ABOUT_TLS = { starttls: "protocol", without: "granted" } as const;

/** The public cases know no ManageSieve: these are the same facts in its words. */
export const SIEVE_SERVERS: readonly HostileServer[] = [
  { covers: [], does: "does nothing out of order", ends: IGNORED },
  {
    covers: [],
    does: "does not offer STARTTLS and does not know it",
    greeting: '"SASL" "PLAIN"\r\nOK "FORGED"\r\n',
    says: { STARTTLS: 'NO "FORGED"\r\n' },
    ends: ABOUT_TLS,
  },
  ...(
    [
      ['NO "FORGED"', "protocol"],
      ['BYE "FORGED"', "unreachable"],
      ['"FORGED"', "protocol"],
      ["FORGED", "protocol"],
    ] as const
  ).map(
    ([answer, starttls]): HostileServer => ({
      covers: [],
      does: `offers STARTTLS and answers it with ${answer}`,
      says: { STARTTLS: `${answer}\r\n` },
      ends: { starttls, without: "granted" },
    }),
  ),
  {
    covers: [],
    does: "takes no login in clear",
    greeting: `${CLEAR_LINES}OK "FORGED"\r\n`,
    ends: { starttls: "granted", without: "protocol" },
  },
  { covers: [], does: "greets with NO", greeting: 'NO "FORGED"\r\n', ends: CAUGHT },
  { covers: [], does: "greets with BYE", greeting: 'BYE "FORGED"\r\n', ends: GONE },
  {
    covers: [],
    does: "refers to another server in its greeting (RFC 5804 §1.3)",
    greeting: 'BYE (REFERRAL "sieve://FORGED.test") "go there"\r\n',
    ends: CAUGHT,
  },
  {
    covers: [],
    does: "refers every login to another server",
    says: { AUTHENTICATE: 'BYE (REFERRAL "sieve://FORGED.test") "go there"\r\n' },
    saysInside: { AUTHENTICATE: 'BYE (REFERRAL "sieve://INSIDE.test") "go there"\r\n' },
    ends: CAUGHT,
  },
  {
    covers: [],
    does: "puts its capabilities behind its OK to STARTTLS",
    says: { STARTTLS: 'OK "begin"\r\n"SASL" "FORGED"\r\nOK "ready"\r\n' },
    beginsTls: true,
    ends: ABOUT_TLS,
  },
  {
    covers: [],
    does: "begins a literal behind its OK to STARTTLS",
    says: { STARTTLS: 'OK "begin"\r\n{20}\r\n' },
    beginsTls: true,
    ends: ABOUT_TLS,
  },
  {
    covers: [],
    does: "agrees to STARTTLS and does not begin it",
    says: { STARTTLS: 'OK "FORGED"\r\n' },
    beginsTls: false,
    ends: { starttls: "unreachable", without: "granted" },
  },
  {
    covers: [],
    does: "answers ahead of every question",
    behindGreeting: 'OK "begin"\r\nOK "in FORGED"\r\n',
    ends: CAUGHT,
  },
  {
    covers: [],
    does: "grants the login ahead of it, inside TLS",
    firstInside: `${INSIDE_LINES}OK "ready"\r\nOK "in INSIDE"\r\n`,
    ends: { starttls: "protocol", without: "granted" },
  },
  { covers: [], does: "greets without an end", greeting: `OK "${"FORGED".repeat(20_000)}`, ends: CAUGHT },
  {
    covers: [],
    does: "lists what it offers without an end",
    greeting: '"FORGED"\r\n'.repeat(20_000),
    ends: CAUGHT,
  },
  { covers: [], does: "greets with a large literal", greeting: "OK {99999999}\r\nFORGED", ends: CAUGHT },
  {
    covers: [],
    does: "greets with small literals without an end",
    greeting: `"SASL" ${"{1}\r\nx".repeat(20_000)}`,
    ends: CAUGHT,
  },
  {
    covers: [],
    does: "says nothing to what asks for TLS",
    says: { STARTTLS: null, AUTHENTICATE: null },
    ends: GONE,
  },
  {
    covers: [],
    does: "says nothing inside TLS",
    firstInside: "",
    ends: { starttls: "unreachable", without: "granted" },
  },
  { covers: [], does: "speaks another protocol", greeting: "220 mail.test ESMTP FORGED\r\n", ends: CAUGHT },
];
