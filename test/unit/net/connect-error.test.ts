import { expect, test } from "vitest";
import { ConnectError, connectError } from "../../../src/net/connect-error.ts";

const PEER = { host: "mail.a.it", port: 993 };

function errorOf(code: string, message = code): Error {
  return Object.assign(new Error(message), { code });
}

test.each([
  ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", "", /before TLS 1\.2/],
  ["ERR_SSL_UNSUPPORTED_PROTOCOL", "", /before TLS 1\.2/],
  ["ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE", "", /no cipher that it knows/],
  ["ERR_SSL_DH_KEY_TOO_SMALL", "", /Diffie-Hellman group is too small/],
  ["ERR_SSL_UNSAFE_LEGACY_RENEGOTIATION_DISABLED", "", /secure renegotiation/],
  ["UNSPECIFIED", "EE certificate key too weak", /key of its certificate is too small/],
  ["UNSPECIFIED", "CA signature digest algorithm too weak", /can be forged/],
])("%s %s is TLS that is too weak, and says why", (code, message, words) => {
  const error = connectError(PEER, errorOf(code, message));
  expect(error).toMatchObject({ reason: "tls", tooWeak: true });
  expect(error.message).toMatch(words);
  expect(error.message).toMatch(/mail\.a\.it:993/);
});

test("no other fault of TLS, of a certificate or of the network is called weakness", () => {
  const reasons = ["ERR_SSL_WRONG_VERSION_NUMBER", "CERT_HAS_EXPIRED", "ECONNREFUSED", "UNSPECIFIED"].map(
    (code) => {
      const { reason, tooWeak } = connectError(PEER, errorOf(code));
      return [reason, tooWeak];
    },
  );
  expect(reasons).toEqual([
    ["tls", false],
    ["certificate", false],
    ["network", false],
    ["network", false],
  ]);
});

test("what is explained already stays as it is", () => {
  const known = new ConnectError("certificate", "it shows another certificate");
  expect(connectError(PEER, known)).toBe(known);
});

/** As Node has it: OpenSSL's line as the message, the end of it as the reason. */
function handshakeErrorOf(code: string, reason: string): Error {
  const message = `40A7:error:0A00010B:SSL routines:tls_x:${reason}:../deps/openssl/record/tlsany_meth.c:77:?`;
  return Object.assign(new Error(message), { code, reason });
}

test("a server without TLS where TLS was expected is told in words, not in OpenSSL's numbers", () => {
  const error = handshakeErrorOf("ERR_SSL_WRONG_VERSION_NUMBER", "wrong version number");
  expect(connectError(PEER, error)).toMatchObject({
    reason: "tls",
    message: "TLS with mail.a.it:993 failed: what answers there is no TLS",
  });
});

test("what else goes wrong in TLS is told by its reason alone", () => {
  const error = handshakeErrorOf("ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC", "decryption failed");
  expect(connectError(PEER, error)).toMatchObject({
    message: "TLS with mail.a.it:993 failed: decryption failed",
    cause: error,
  });
});
