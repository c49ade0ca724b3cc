import type { X509Certificate } from "node:crypto";
import { randomBytes } from "node:crypto";
import { certificatesOf, coversName } from "../config/certificates.ts";
import type { CertificateConfig, Config } from "../config/config.ts";
import type { Clock } from "../kit/clock.ts";
import { Secret } from "../kit/secret.ts";
import { openServerTls } from "../net/server-tls.ts";
import type { Report } from "./finding.ts";

const DAY_MS = 86_400_000;
/** Let's Encrypt renews a month before the end; under two weeks something is wrong with the renewal. */
const EXPIRY_WARNING_DAYS = 14;

/** The certificates that clients will see: whether OpenSSL takes them, their dates, and whether they are for the names that clients use. */
export function checkCertificates(config: Config, clock: Clock, report: Report): void {
  const { tls } = config;
  if (tls === null) return;
  try {
    openServerTls({ clock, ticketSecret: new Secret(randomBytes(32)) }, tls);
  } catch (error) {
    report.fail(tls.certFile, `${(error as Error).message}: get another one`);
    return;
  }
  checkPair(tls, [config.hostname], clock.now(), report);
  for (const pair of tls.sni) checkPair(pair, pair.names, clock.now(), report);
}

function checkPair(
  { certFile, cert }: CertificateConfig,
  names: readonly string[],
  now: number,
  report: Report,
): void {
  const leaf = certificatesOf(cert)[0];
  if (leaf === undefined) return;
  const until = leaf.validToDate.toISOString().slice(0, 10);
  const days = Math.floor((leaf.validToDate.getTime() - now) / DAY_MS);
  const missing = names.filter((name) => !coversName(leaf, name));
  if (days < 0) report.fail(certFile, `ended on ${until}: mail programs will refuse it; renew it`);
  else if (leaf.validFromDate.getTime() > now)
    report.fail(certFile, `is not valid before ${leaf.validFromDate.toISOString()}`);
  else if (days < EXPIRY_WARNING_DAYS)
    report.warn(
      certFile,
      `ends in ${days === 1 ? "1 day" : `${days} days`}, on ${until}: renew it, and imbarco takes it over with SIGHUP`,
    );
  if (missing.length > 0)
    report.warn(
      certFile,
      `is not for ${missing.join(", ")} but for ${namesOf(leaf)}: mail programs that use ${missing.length === 1 ? "this name" : "these names"} will complain`,
    );
  if (missing.length === 0 && days >= EXPIRY_WARNING_DAYS && leaf.validFromDate.getTime() <= now)
    report.ok(certFile, `is valid until ${until}`);
}

function namesOf(leaf: X509Certificate): string {
  const names = (leaf.subjectAltName ?? "").split(", ").map((name) => name.replace(/^(DNS|IP Address):/, ""));
  const shown = names.filter((name) => name !== "").slice(0, 5);
  return shown.length === 0
    ? "no name at all"
    : shown.join(", ") + (names.length > shown.length ? ", …" : "");
}
