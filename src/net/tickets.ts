import { hkdfSync, randomBytes } from "node:crypto";
import type tls from "node:tls";
import type { Clock } from "../kit/clock.ts";
import type { Secret } from "../kit/secret.ts";
import type { ProtocolName } from "../model/protocol.ts";

/** How long a ticket is good for, in seconds: a mail program that comes back within a day is spared the full handshake. */
export const TICKET_LIFE_S = 86_400;
/** How long tickets are made with one key. */
const EPOCH_MS = 6 * 3_600_000;
/** Epochs whose tickets may still be alive: those of a day, and the one that a ticket's last day began in. */
const PAST_EPOCHS = 4;
/** A machine whose clock is ahead of ours makes tickets of the next epoch already. */
const FUTURE_EPOCHS = 1;

/** What Node hands over of a ticket has parts of this size: name of the key, IV, AES-128 key. */
const PART_OCTETS = 16;
const HMAC_OCTETS = 32;

/** RFC 5077 §4, RFC 8446 §4.6.1: what seals the tickets of one protocol in one epoch. */
export interface TicketKey {
  /** Stands in front of each ticket, in clear. */
  readonly name: Buffer;
  readonly hmac: Buffer;
  readonly aes: Buffer;
}

/** The keys of session tickets: the same in every process and on every machine that has the secret, without a word between them. */
export interface TicketKeys {
  /** What new tickets are sealed with now. */
  current(protocol: ProtocolName): TicketKey;
  /** The key of that name, where its tickets may still be alive; `null` = the client makes a full handshake. */
  named(protocol: ProtocolName, name: Buffer): TicketKey | null;
}

/**
 * Keys that follow from a secret, the protocol and the time (HKDF, RFC 5869). Each protocol has its own: a session of one service that is resumed at another
 * is half of ALPACA.
 * @param secret of the installation; who has it can open tickets, and with them what was said in TLS 1.2
 */
export function ticketKeys(secret: Secret, clock: Clock): TicketKeys {
  const known = new Map<string, TicketKey>();
  const presentEpoch = () => Math.floor(clock.now() / EPOCH_MS);

  const keyOf = (protocol: ProtocolName, epoch: number): TicketKey => {
    const label = `${protocol} ${epoch}`;
    const kept = known.get(label);
    if (kept) return kept;
    const key = derive(secret, label);
    known.set(label, key);
    return key;
  };

  const forgetOld = (protocol: ProtocolName, epoch: number) => {
    // Only ever one epoch more than before, unless the process slept; then the rest stays as a few octets.
    known.delete(`${protocol} ${epoch - PAST_EPOCHS - 1}`);
  };

  return {
    current(protocol) {
      const epoch = presentEpoch();
      forgetOld(protocol, epoch);
      return keyOf(protocol, epoch);
    },

    named(protocol, name) {
      const now = presentEpoch();
      for (let epoch = now + FUTURE_EPOCHS; epoch >= now - PAST_EPOCHS; epoch--) {
        const key = keyOf(protocol, epoch);
        if (key.name.equals(name)) return key;
      }
      return null;
    },
  };
}

function derive(secret: Secret, label: string): TicketKey {
  const length = PART_OCTETS + HMAC_OCTETS + PART_OCTETS;
  const octets = Buffer.from(
    hkdfSync("sha256", secret.reveal(), Buffer.alloc(0), `imbarco session tickets ${label}`, length),
  );
  return {
    name: octets.subarray(0, PART_OCTETS),
    hmac: octets.subarray(PART_OCTETS, PART_OCTETS + HMAC_OCTETS),
    aes: octets.subarray(PART_OCTETS + HMAC_OCTETS),
  };
}

/** What OpenSSL's callback wants to know (SSL_CTX_set_tlsext_ticket_key_evp_cb): 0 = no such key, 1 = here it is, 2 = and give the client a new ticket. */
type TicketAnswer = [0 | 1 | 2, hmac: Buffer, aes: Buffer, name?: Buffer, iv?: Buffer];

/** Node's own handle below a `SecureContext`; of its members these two are used by Node's tests only, and are in no document. */
interface NativeContext {
  enableTicketKeyCallback?: () => void;
  onticketkeycallback?: (name: Buffer, iv: Buffer, sealing: boolean) => TicketAnswer;
}

const NOTHING = Buffer.alloc(PART_OCTETS);

/**
 * Lets a context make and take tickets of these keys. Every ticket that is taken brings the client a new one, since a TLS 1.3 client uses each only once
 * (RFC 8446 §C.4) and Node alone would let every second connection go through a full handshake.
 * A Node without the callback gets the present key for as long as the context lives: tickets work, without renewal.
 */
export function useTickets(context: tls.SecureContext, protocol: ProtocolName, keys: TicketKeys): void {
  const native = context.context as NativeContext & { setTicketKeys?: (octets: Buffer) => void };
  if (native.enableTicketKeyCallback === undefined) {
    const { name, hmac, aes } = keys.current(protocol);
    native.setTicketKeys?.(Buffer.concat([name, hmac.subarray(0, PART_OCTETS), aes]));
    return;
  }
  // Called out of OpenSSL: it must not throw, and the two keys must be there whatever the answer is.
  native.onticketkeycallback = (name, _iv, sealing) => {
    if (sealing) {
      const key = keys.current(protocol);
      return [1, key.hmac, key.aes, key.name, randomBytes(PART_OCTETS)];
    }
    const key = keys.named(protocol, name);
    return key === null ? [0, NOTHING, NOTHING] : [2, key.hmac, key.aes];
  };
  native.enableTicketKeyCallback();
}
