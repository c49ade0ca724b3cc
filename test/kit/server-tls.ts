import { systemClock } from "../../src/kit/clock.ts";
import { Secret } from "../../src/kit/secret.ts";
import { openServerTls, type ServerTls } from "../../src/net/server-tls.ts";

/** What a listener of a test shows: one certificate, tickets of a made-up secret. */
export function serverTlsOf(pair: { readonly cert: string; readonly key: string }): ServerTls {
  const deps = { ticketSecret: new Secret(Buffer.alloc(32, 1)), clock: systemClock };
  return openServerTls(deps, {
    certFile: "test.pem",
    cert: pair.cert,
    key: new Secret(Buffer.from(pair.key)),
    sni: [],
  });
}
