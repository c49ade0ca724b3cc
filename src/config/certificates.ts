import { createPrivateKey, X509Certificate } from "node:crypto";

/** One certificate of a PEM file, text around it allowed. */
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** What OpenSSL takes at security level 2, its default: 112 bits. */
const SMALLEST_RSA_BITS = 2048;
const SMALLEST_EC_BITS = 224;
const EC_BITS: Readonly<Record<string, number>> = { prime192v1: 192, secp160r1: 160, secp192k1: 192 };
const WEAK_SIGNATURE = /md5|md4|md2|sha1(?![0-9])/i;

/** The certificates of a PEM text in their order. @throws the parser's error where one is broken */
export function certificatesOf(pem: string): X509Certificate[] {
  return [...pem.matchAll(CERTIFICATE)].map(([text]) => new X509Certificate(text));
}

/** What is wrong with a PEM text that should hold certificates; `null` = nothing. */
export function certificateFault(pem: string): string | null {
  try {
    return certificatesOf(pem).length > 0
      ? null
      : "has no certificate in PEM form (-----BEGIN CERTIFICATE-----)";
  } catch (error) {
    return `has a certificate that cannot be read: ${(error as Error).message}`;
  }
}

/** As `certificateFault`, for a certificate that our listeners show: its chain must be as strong as TLS asks for today. */
export function serverCertificateFault(pem: string): string | null {
  const fault = certificateFault(pem);
  if (fault !== null) return fault;
  for (const certificate of certificatesOf(pem)) {
    const weakness = weaknessOf(certificate);
    if (weakness !== null) return `${weakness}: get a new certificate`;
  }
  return null;
}

/** What is wrong with a private key for the certificate that comes first in `cert`; `null` = nothing. */
export function privateKeyFault(cert: string, key: Buffer): string | null {
  const leaf = certificateFault(cert) === null ? certificatesOf(cert)[0] : undefined;
  try {
    const privateKey = createPrivateKey(key);
    if (leaf === undefined || leaf.checkPrivateKey(privateKey)) return null;
    return "is not the key of the certificate in certFile: these two files do not belong together";
  } catch (error) {
    if (key.includes("ENCRYPTED"))
      return "is protected by a passphrase: write it without one, readable only for the service";
    return `has no private key in PEM form that can be read: ${(error as Error).message}`;
  }
}

/** The name of a server, as it stands in a certificate, covers this one; a wildcard is only covered by the same wildcard. */
export function coversName(certificate: X509Certificate, name: string): boolean {
  if (!name.startsWith("*.")) return certificate.checkHost(name) !== undefined;
  // A host that nobody has: what covers it covers them all.
  return certificate.checkHost(`imbarco-asks${name.slice(1)}`) !== undefined;
}

function weaknessOf(certificate: X509Certificate): string | null {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey;
  const who = `has a certificate (${certificate.subject.replaceAll("\n", ", ")})`;
  if ((type === "rsa" || type === "rsa-pss") && (details?.modulusLength ?? 0) < SMALLEST_RSA_BITS)
    return `${who} with an RSA key of ${details?.modulusLength} bits, and TLS takes none below ${SMALLEST_RSA_BITS}`;
  const curveBits = EC_BITS[details?.namedCurve ?? ""];
  if (type === "ec" && curveBits !== undefined && curveBits < SMALLEST_EC_BITS)
    return `${who} with an elliptic curve of ${curveBits} bits, and TLS takes none below ${SMALLEST_EC_BITS}`;
  if (type === "dsa") return `${who} with a DSA key, which TLS does not take any more`;
  // How an authority signed itself proves nothing and counts for nothing.
  const isOwnIssuer = certificate.issuer === certificate.subject;
  if (!isOwnIssuer && WEAK_SIGNATURE.test(certificate.signatureAlgorithm ?? ""))
    return `${who} signed with ${certificate.signatureAlgorithm}, which can be forged`;
  return null;
}
