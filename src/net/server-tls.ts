import tls from "node:tls";
import type { Secret } from "../kit/secret.ts";
import type { ProtocolName } from "../model/protocol.ts";
import { alpnOf, OLDEST_VERSION } from "./tls.ts";

/** A certificate with its key. */
export interface CertificatePair {
  /** PEM; the leaf first, then its chain. */
  readonly cert: string;
  readonly key: Secret;
}

/** What our listeners show. */
export interface ServerTls {
  /** How a connection that speaks `protocol` is secured: for `new tls.TLSSocket(socket, { isServer: true, ...options })`. */
  options(protocol: ProtocolName): tls.TLSSocketOptions;
}

/** @throws when certificate and key do not fit */
export function serverTls(pair: CertificatePair): ServerTls {
  const secureContext = tls.createSecureContext({
    cert: pair.cert,
    key: pair.key.reveal(),
    minVersion: OLDEST_VERSION,
  });
  return {
    options: (protocol) => ({ secureContext, ALPNProtocols: [...alpnOf(protocol)] }),
  };
}
