import type { ProtocolName } from "../model/protocol.ts";
import { IMAP } from "./imap.ts";
import { POP3 } from "./pop3.ts";
import type { Protocol } from "./protocol.ts";
import { SIEVE } from "./sieve.ts";
import { SUBMISSION } from "./submission.ts";

const PROTOCOLS: Readonly<Record<ProtocolName, Protocol>> = {
  imap: IMAP,
  pop3: POP3,
  submission: SUBMISSION,
  sieve: SIEVE,
};

/** What is spoken at a door of that name. */
export function protocolOf(name: ProtocolName): Protocol {
  return PROTOCOLS[name];
}
