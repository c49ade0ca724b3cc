import type { Link } from "./protocol.ts";

/** Where nobody knows yet what the target offers: what every submission server of today does. */
const UNKNOWN_YET: readonly string[] = ["PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"];

/**
 * What cannot pass, whatever the target offers: protection and login are ours up to here, the client's own address is not for the client to say (XCLIENT,
 * XFORWARD), and the rest would make the target fetch or hand out mail for whoever asks.
 */
const CANNOT_PASS: ReadonlySet<string> = new Set([
  "STARTTLS",
  "AUTH",
  "X-EXPS",
  "XCLIENT",
  "XFORWARD",
  "XEXCH50",
  "BURL",
  "ETRN",
  "ATRN",
  "TURN",
]);

/** RFC 8689 §2: offered inside TLS only. */
const INSIDE_TLS: ReadonlySet<string> = new Set(["REQUIRETLS"]);

/** More than any server has. */
const KEYWORDS = 64;
/** RFC 5321 §4.5.3.1.5: a reply line has 512 octets, `250-` and CRLF among them. */
const KEYWORD_OCTETS = 506;

/** RFC 5321 §4.1.1.1: `ehlo-keyword *( SP ehlo-param )`. Anything else could end the line, or mean something to somebody. */
const EHLO_LINE = /^([A-Za-z0-9][A-Za-z0-9-]*)(?: +[!-~]+)* *$/;

/** The keywords of an answer to EHLO: those of the target that pass, then our own as the link stands. */
export function ehloKeywords(link: Link): string[] {
  const offers = link.offers.length === 0 ? UNKNOWN_YET : link.offers;
  const seen = new Set<string>();
  const passing = offers.filter((line) => {
    const keyword = EHLO_LINE.exec(line)?.[1]?.toUpperCase();
    if (keyword === undefined || line.length > KEYWORD_OCTETS || seen.has(keyword)) return false;
    seen.add(keyword);
    return !CANNOT_PASS.has(keyword) && (link.secure || !INSIDE_TLS.has(keyword));
  });
  return [
    ...passing.slice(0, KEYWORDS),
    ...(link.startTlsOffered ? ["STARTTLS"] : []),
    // RFC 4954 §4.1: not where a password would be refused. Mechanisms that hide the password are not offered: it could not be captured.
    ...(link.loginAllowed ? ["AUTH PLAIN LOGIN"] : []),
  ];
}
