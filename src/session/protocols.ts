import { invariant } from "../kit/invariant.ts";
import type { ProtocolName } from "../model/protocol.ts";
import { IMAP } from "./imap.ts";
import type { Protocol } from "./protocol.ts";

const PROTOCOLS: Partial<Record<ProtocolName, Protocol>> = { imap: IMAP };

/** What is spoken at a door of that name. */
export function protocolOf(name: ProtocolName): Protocol {
  const protocol = PROTOCOLS[name];
  invariant(protocol, `${name} is spoken here`);
  return protocol;
}
