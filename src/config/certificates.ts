import { createPrivateKey, X509Certificate } from "node:crypto";

/** One certificate of a PEM file, text around it allowed. */
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

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
