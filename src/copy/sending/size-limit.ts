import type { ImapConnection } from "../../upstream/imap/connection/connection.ts";
import type { Pass } from "../pass.ts";

/** Octets above which messages are not sent, and why: the administrator's limit, or what the target announces (RFC 7889 §4). `null` = no limit. */
export function sizeLimit(pass: Pass, target: ImapConnection): { octets: number; words: string } | null {
  const ofTarget = appendLimit(target);
  const ofCopy = pass.deps.copy.maxMessageSize;
  if (ofTarget !== null && ofTarget < (ofCopy ?? Number.POSITIVE_INFINITY))
    return { octets: ofTarget, words: `larger than the ${ofTarget} octets that the target takes` };
  return ofCopy === null
    ? null
    : { octets: ofCopy, words: `larger than copy.maxMessageSize (${ofCopy} octets)` };
}

function appendLimit(target: ImapConnection): number | null {
  for (const capability of target.capabilities) {
    const [name, value] = capability.split("=");
    if (name === "APPENDLIMIT" && value !== undefined && /^\d+$/.test(value)) return Number(value);
  }
  return null;
}
