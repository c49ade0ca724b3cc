import { Resolver } from "node:dns/promises";
import type { Domain } from "../model/domain.ts";

/** One question to a resolver is given up after this long, and asked this often. */
const QUESTION_LIMIT_MS = 3000;
const TRIES = 2;

/** RFC 7208 §4.5: the record that says who may send for a domain. */
const SPF = /^v=spf1(?:\s|$)/i;

export interface DnsRecord {
  readonly type: "MX" | "TXT";
  readonly name: string;
  /** As in a zone file: `10 mail.example.org.`, or the text without quotes. */
  readonly value: string;
}

/** What the DNS says at present about one kind of record. */
export type DnsAnswer =
  | { readonly kind: "records"; readonly records: readonly DnsRecord[] }
  /** The name or the kind does not exist. */
  | { readonly kind: "none" }
  /** Nobody knows: the resolver could not be reached or failed. */
  | { readonly kind: "unknown"; readonly message: string };

/** What is to be changed at the domain's DNS so that its mail goes to the new platform. */
export interface DnsPlan {
  readonly domain: string;
  readonly remove: readonly DnsRecord[];
  readonly add: readonly DnsRecord[];
  /** Wanted and there already. */
  readonly keep: readonly DnsRecord[];
  readonly now: { readonly mx: DnsAnswer; readonly txt: DnsAnswer };
  /** Nothing is left to do, as far as the resolver knows. */
  readonly done: boolean;
  readonly remarks: readonly string[];
}

/**
 * Compares what the domain's cutover template wants with what the DNS says now. A resolver that does not answer is said in the plan, never thrown.
 * @param deps.servers resolvers as `address[:port]`; empty = the machine's
 */
export async function dnsPlan(
  deps: { readonly servers: readonly string[] },
  domain: Domain,
): Promise<DnsPlan> {
  const resolver = new Resolver({ timeout: QUESTION_LIMIT_MS, tries: TRIES });
  if (deps.servers.length > 0) resolver.setServers([...deps.servers]);
  const [mx, txt] = await Promise.all([
    answerOf(async () =>
      (await resolver.resolveMx(domain.name)).map((one) => mxRecord(domain.name, one.priority, one.exchange)),
    ),
    answerOf(async () =>
      (await resolver.resolveTxt(domain.name)).map((pieces) => txtRecord(domain.name, pieces.join(""))),
    ),
  ]);
  return planFrom(domain, { mx, txt });
}

/** The plan without the questions. */
export function planFrom(domain: Domain, now: DnsPlan["now"]): DnsPlan {
  const wantedMx = domain.cutover.mx.map((one) => mxRecord(domain.name, one.priority, one.host));
  const wantedTxt = domain.cutover.txt.map((text) => txtRecord(domain.name, text));
  // Other TXT records belong to others; a second SPF record makes every check fail (RFC 7208 §4.5), so the old one goes.
  const replacesSpf = wantedTxt.some((one) => SPF.test(one.value));
  const replacedTxt = recordsOf(now.txt).filter((one) => replacesSpf && SPF.test(one.value));
  const replacedMx = wantedMx.length > 0 ? recordsOf(now.mx) : [];
  const present = [...recordsOf(now.mx), ...recordsOf(now.txt)];
  const wanted = [...wantedMx, ...wantedTxt];
  const remove = without([...replacedMx, ...replacedTxt], wanted);
  const add = without(wanted, present);
  const certain = now.mx.kind !== "unknown" && now.txt.kind !== "unknown";
  return {
    domain: domain.name,
    remove,
    add,
    keep: wanted.filter((one) => present.some((other) => sameRecord(one, other))),
    now,
    done: certain && wanted.length > 0 && remove.length === 0 && add.length === 0,
    remarks: remarksOn(domain, now),
  };
}

function remarksOn(domain: Domain, now: DnsPlan["now"]): string[] {
  const remarks: string[] = [];
  if (domain.cutover.mx.length === 0)
    remarks.push(
      `The domain has no MX records for its cutover yet: set them with "imbarco domain set ${domain.name} --cutover-mx 'mx.example.org=10'".`,
    );
  for (const [type, answer] of [
    ["MX", now.mx],
    ["TXT", now.txt],
  ] as const) {
    if (answer.kind === "unknown")
      remarks.push(`What the DNS says now about ${type} is not known: ${answer.message}.`);
    if (answer.kind === "none") remarks.push(`The DNS has no ${type} record for ${domain.name} now.`);
  }
  return remarks;
}

function recordsOf(answer: DnsAnswer): readonly DnsRecord[] {
  return answer.kind === "records" ? answer.records : [];
}

function without(records: readonly DnsRecord[], others: readonly DnsRecord[]): DnsRecord[] {
  return records.filter((one) => !others.some((other) => sameRecord(one, other)));
}

function sameRecord(one: DnsRecord, other: DnsRecord): boolean {
  return one.type === other.type && one.value === other.value;
}

function mxRecord(name: string, priority: number, host: string): DnsRecord {
  return { type: "MX", name: `${name}.`, value: `${priority} ${host.toLowerCase().replace(/\.$/, "")}.` };
}

function txtRecord(name: string, text: string): DnsRecord {
  return { type: "TXT", name: `${name}.`, value: text };
}

async function answerOf(ask: () => Promise<DnsRecord[]>): Promise<DnsAnswer> {
  try {
    const records = await ask();
    return records.length > 0 ? { kind: "records", records } : { kind: "none" };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (code === "ENOTFOUND" || code === "ENODATA") return { kind: "none" };
    return { kind: "unknown", message: wordsFor(code) };
  }
}

function wordsFor(code: string): string {
  switch (code) {
    case "ETIMEOUT":
      return "the resolver did not answer in time";
    case "ECONNREFUSED":
      return "no resolver answers at its address";
    case "ESERVFAIL":
      return "the resolver reports a server failure";
    case "EREFUSED":
      return "the resolver does not answer for us";
    default:
      return `the resolver failed (${code === "" ? "no reason given" : code})`;
  }
}
