import { PROTOCOLS, type ProtocolName, usualPort } from "../model/protocol.ts";
import type { ListenAddress } from "./config.ts";
import type { ConfigDocument } from "./document.ts";
import { pathText, placesOf, valueAt } from "./paths.ts";
import type { Problem } from "./problem.ts";
import { listenAddress, serverName } from "./values.ts";

type Path = readonly PropertyKey[];
type Report = (path: Path, message: string) => void;

/**
 * What must hold between several keys. Works on the configuration as written, so that these faults are found together with the others.
 */
export function ruleProblems(document: ConfigDocument): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (path, message) => {
    problems.push({ path: pathText(path), line: document.lineOf(path), message });
  };
  const listeners = valueAt(document.raw, ["listeners"]);
  const listed: unknown[] = Array.isArray(listeners) ? listeners : [];
  checkProxyRole(document.raw, listed, report);
  for (const [index, listener] of listed.entries()) {
    checkTls(document.raw, index, listener, report);
    checkTarget(document.raw, index, listener, report);
  }
  checkAddresses(document.raw, listed, report);
  checkServerNames(document.raw, report);
  return problems;
}

/** Each name leads to one certificate. */
function checkServerNames(raw: unknown, report: Report): void {
  const seen = new Map<string, string>();
  for (const place of placesOf(raw, ["tls", "sni", "*", "names"])) {
    const names = valueAt(raw, place);
    for (const [index, name] of (Array.isArray(names) ? names : []).entries()) {
      const path = [...place, index];
      const parsed = serverName().safeParse(name);
      if (!parsed.success) continue;
      const former = seen.get(parsed.data);
      if (former !== undefined) report(path, `has its certificate already, by ${former}`);
      else seen.set(parsed.data, pathText(path));
    }
  }
}

function checkProxyRole(raw: unknown, listeners: readonly unknown[], report: Report): void {
  const roles = valueAt(raw, ["roles"]);
  const isProxy = roles === undefined || (Array.isArray(roles) && roles.includes("proxy"));
  if (isProxy && listeners.length === 0)
    report(
      ["listeners"],
      'the role proxy needs at least one listener, such as { protocol: imap, listen: "0.0.0.0:143", tls: starttls }',
    );
}

function checkTls(raw: unknown, index: number, listener: unknown, report: Report): void {
  const tls = valueAt(listener, ["tls"]) ?? "starttls";
  if ((tls === "starttls" || tls === "implicit") && valueAt(raw, ["tls"]) === undefined)
    report(
      ["listeners", index, "tls"],
      `${tls} needs a certificate: add the block tls with certFile and keyFile`,
    );
  if (tls === "none" && (valueAt(listener, ["plaintextLogin"]) ?? "never") === "never")
    report(
      ["listeners", index, "tls"],
      "nobody could log in here: without TLS, plaintextLogin must be loopback or always",
    );
}

/** A door needs a room behind it. */
function checkTarget(raw: unknown, index: number, listener: unknown, report: Report): void {
  const protocol = PROTOCOLS.find((name) => name === valueAt(listener, ["protocol"]));
  if (protocol !== undefined && valueAt(raw, ["target", protocol]) === undefined)
    report(
      ["listeners", index, "protocol"],
      `${protocol} needs a server to lead to: add target.${protocol} with host and port`,
    );
}

/** Each address once, and the target is not imbarco itself: such a login would go round in circles. */
function checkAddresses(raw: unknown, listeners: readonly unknown[], report: Report): void {
  const seen = new Map<string, string>();
  const places: Path[] = [
    ...listeners.map((_, index) => ["listeners", index, "listen"]),
    ["admin", "listen"],
  ];
  for (const place of places) {
    const written = listenAddress().safeParse(valueAt(raw, place));
    if (!written.success || written.data.port === 0) continue;
    const name = `${written.data.host} ${written.data.port}`;
    const former = seen.get(name);
    if (former !== undefined) report(place, `is the same address as ${former}`);
    seen.set(name, pathText(place));
    for (const protocol of PROTOCOLS) {
      const host = valueAt(raw, ["target", protocol, "host"]);
      const isPort = targetPort(raw, protocol) === written.data.port;
      if (typeof host === "string" && isPort && reaches(host, written.data))
        report(["target", protocol], `is imbarco's own ${pathText(place)}: logins would go round in circles`);
    }
  }
}

function targetPort(raw: unknown, protocol: ProtocolName): unknown {
  const tls = valueAt(raw, ["target", protocol, "tls"]) === "implicit" ? "implicit" : "starttls";
  return valueAt(raw, ["target", protocol, "port"]) ?? usualPort(protocol, tls);
}

/** Whether a connection to `host` on this machine ends at the listener, as far as the names tell. */
function reaches(host: string, listener: ListenAddress): boolean {
  if (host === listener.host) return true;
  const isLocal = host === "localhost" || host === "::1" || host.startsWith("127.");
  const anywhere = listener.host === "0.0.0.0" || /^[0:]+$/.test(listener.host);
  return isLocal && (anywhere || (host === "localhost" && listener.host.startsWith("127.")));
}
