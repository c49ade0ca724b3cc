import { constants } from "node:crypto";
import tls from "node:tls";
import type { Clock } from "../kit/clock.ts";
import type { Secret } from "../kit/secret.ts";
import type { ProtocolName } from "../model/protocol.ts";
import { ServerNames } from "./server-names.ts";
import { TICKET_LIFE_S, type TicketKeys, ticketKeys, useTickets } from "./tickets.ts";
import { acceptedAlpn, OLDEST_VERSION } from "./tls.ts";

/** A certificate with its key. */
export interface CertificatePair {
  /** Where it came from, for messages. */
  readonly certFile: string;
  /** PEM; the leaf first, then its chain. */
  readonly cert: string;
  readonly key: Secret;
}

/** The certificate for everybody, and those for the names that clients may ask for. */
export interface ServerCertificates extends CertificatePair {
  readonly sni: readonly (CertificatePair & {
    /** Host names, A-labels; `*.example.it` covers one label. */
    readonly names: readonly string[];
  })[];
}

/** What our listeners show. */
export interface ServerTls {
  /** How a connection that speaks `protocol` is secured: for `new tls.TLSSocket(socket, { isServer: true, ...options })`. */
  options(protocol: ProtocolName): tls.TLSSocketOptions;
  /**
   * New certificates for all handshakes from now on, all or none; sessions under way never notice.
   * @throws {ServerTlsError} then the former ones stay
   */
  replace(certificates: ServerCertificates): void;
}

/** A certificate that OpenSSL does not take. The message names its file and what is wrong. */
export class ServerTlsError extends Error {
  override readonly name = "ServerTlsError";
}

export interface ServerTlsDeps {
  /** What the keys of session tickets follow from: the same for all processes and machines of an installation. */
  readonly ticketSecret: Secret;
  readonly clock: Clock;
}

/** Mozilla's recommendation "intermediate" (version 5.7) without finite-field DHE, which nobody needs who speaks TLS 1.2: forward secret, authenticated. */
const CIPHERS = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

/** No second handshake inside a session (CVE-2011-1473); a phone without AES in hardware, which puts ChaCha20 first, gets it. */
const SECURE_OPTIONS = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_PRIORITIZE_CHACHA;

/**
 * The certificates in force, with session tickets that every process and machine of the installation takes.
 * @throws {ServerTlsError} when OpenSSL does not take a certificate or its key
 */
export function openServerTls(deps: ServerTlsDeps, certificates: ServerCertificates): ServerTls {
  const tickets = ticketKeys(deps.ticketSecret, deps.clock);
  let contexts = new Contexts(certificates, tickets);
  return {
    options: (protocol) => contexts.of(protocol),

    replace(next) {
      contexts = new Contexts(next, tickets);
    },
  };
}

/** The contexts of one set of certificates. Tickets being per protocol, so are contexts; they are made for those protocols that are spoken. */
class Contexts {
  readonly #certificates: ServerCertificates;
  readonly #tickets: TicketKeys;
  readonly #byProtocol = new Map<ProtocolName, tls.TLSSocketOptions>();

  constructor(certificates: ServerCertificates, tickets: TicketKeys) {
    this.#certificates = certificates;
    this.#tickets = tickets;
    // Here and now, so that a fault shows at the start or at SIGHUP and not in a client's handshake.
    this.of("imap");
  }

  of(protocol: ProtocolName): tls.TLSSocketOptions {
    const made = this.#byProtocol.get(protocol);
    if (made) return made;
    const named = new ServerNames<tls.SecureContext>();
    for (const pair of this.#certificates.sni) {
      const context = this.#context(pair, protocol);
      for (const name of pair.names) named.add(name, context);
    }
    const options: tls.TLSSocketOptions = {
      secureContext: this.#context(this.#certificates, protocol),
      // OpenSSL refuses a client whose names are all foreign (RFC 7301 §3.2): against ALPACA, which leads TLS connections to servers of other protocols.
      ALPNProtocols: acceptedAlpn(protocol),
      // Asked only where a client gives a name; no context = the one for everybody. Without it a handshake stays within OpenSSL.
      ...(this.#certificates.sni.length === 0
        ? {}
        : { SNICallback: (name, done) => done(null, named.find(name)) }),
    };
    this.#byProtocol.set(protocol, options);
    return options;
  }

  #context(pair: CertificatePair, protocol: ProtocolName): tls.SecureContext {
    try {
      const context = tls.createSecureContext({
        cert: pair.cert,
        key: pair.key.reveal(),
        minVersion: OLDEST_VERSION,
        ciphers: CIPHERS,
        honorCipherOrder: true,
        secureOptions: SECURE_OPTIONS,
        // A ticket of another service is none here, even if its key were known.
        sessionIdContext: `imbarco ${protocol}`,
        sessionTimeout: TICKET_LIFE_S,
      });
      useTickets(context, protocol, this.#tickets);
      return context;
    } catch (error) {
      throw new ServerTlsError(
        `the certificate ${pair.certFile} cannot be used: ${(error as Error).message}`,
        {
          cause: error,
        },
      );
    }
  }
}
