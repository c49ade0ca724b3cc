import type { AccountState } from "../model/account.ts";
import { ACCOUNT_STATES } from "../model/account.ts";
import type { Domain, DomainState } from "../model/domain.ts";
import { endpointName } from "../model/endpoint.ts";
import type { Store } from "../store/store.ts";
import { timeText } from "./account-view.ts";
import type { Cell, Colour, Output } from "./output.ts";
import { serveText } from "./serve-option.ts";
import { certificateText } from "./source-trust.ts";

/** A domain as the commands show it: with the number of its accounts by state. */
export interface DomainView extends Domain {
  readonly accounts: Readonly<Record<AccountState, number>>;
}

const STATE_COLOURS: Readonly<Record<DomainState, Colour>> = {
  preparing: "yellow",
  migrating: "cyan",
  finalizing: "cyan",
  finalized: "green",
};

const HEADERS = ["DOMAIN", "STATE", "SOURCE", "TLS", "ACCOUNTS", "WAITING", "SYNCED", "ATTENTION"];

export async function domainView(store: Store, domain: Domain): Promise<DomainView> {
  return { ...domain, accounts: await store.accounts.counts(domain.name) };
}

/** All domains as a table. */
export function printDomains(out: Output, domains: readonly DomainView[]): void {
  out.table(
    HEADERS,
    domains.map(({ name, state, source, accounts }): Cell[] => [
      name,
      { text: state, colour: STATE_COLOURS[state] },
      endpointName(source),
      source.weakTls === true ? { text: `${source.tls}, weak`, colour: "yellow" } : source.tls,
      totalOf(accounts),
      accounts.waiting,
      accounts.synced,
      accounts.attention > 0 ? { text: String(accounts.attention), colour: "red" } : 0,
    ]),
    ["TLS"],
  );
}

/** One domain in full; `atSource` are rows about what its source bears. */
export function printDomain(
  out: Output,
  domain: DomainView,
  atSource: readonly (readonly [string, string])[] = [],
): void {
  const { source, cutover, accounts } = domain;
  const byState = ACCOUNT_STATES.filter((state) => accounts[state] > 0).map(
    (state) => `${accounts[state]} ${state}`,
  );
  const rows: (readonly [string, string])[] = [
    ["domain", domain.name],
    ["state", out.colour(STATE_COLOURS[domain.state], domain.state)],
    ["source", `${endpointName(source)}, ${source.tls}`],
    ["certificate", certificateText(source)],
    ...(source.weakTls === true
      ? [
          ["weak TLS", out.colour("yellow", "allowed: old versions, old ciphers, small keys")] as [
            string,
            string,
          ],
        ]
      : []),
    ...atSource,
    ["login at the source", domain.login === "address" ? "the full address" : "the part before the @"],
    ["mail is read", serveText(domain)],
    ["accounts", `${totalOf(accounts)}${byState.length > 0 ? ` (${byState.join(", ")})` : ""}`],
    ...domain.folderMap.map(({ from, to }): [string, string] => ["folder rule", `${from} → ${to}`]),
    ...domain.exclude.map((pattern): [string, string] => ["not copied", pattern]),
    [
      "deleted at the source",
      domain.sourceDeletes === "keep" ? "kept on the target" : "moved to Trash on the target",
    ],
    ...cutover.mx.map(({ host, priority }): [string, string] => ["MX at the end", `${priority} ${host}`]),
    ...cutover.txt.map((text): [string, string] => ["TXT at the end", text]),
    ["created", timeText(domain.createdAt)],
    ...(domain.finalizedAt === null ? [] : [["finalized", timeText(domain.finalizedAt)] as [string, string]]),
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  for (const [label, value] of rows) out.line(`${label.padEnd(width)}  ${value}`);
}

/** What to do next with a domain, for a person who sees it the first time; null where nothing waits for them. */
export function nextStep({ name, state, accounts }: DomainView): string | null {
  switch (state) {
    case "preparing":
      if (totalOf(accounts) === 0) return `next: imbarco users import ${name} FILE.csv`;
      return `next: imbarco domain enable ${name}`;
    case "migrating":
      if (totalOf(accounts) === 0) return `next: imbarco users import ${name} FILE.csv`;
      return accounts.waiting > 0 ? `next: imbarco report ${name} --stragglers` : `next: imbarco dns ${name}`;
    case "finalizing":
      return `next: imbarco finalize ${name}`;
    default:
      return null;
  }
}

export function totalOf(accounts: DomainView["accounts"]): number {
  return ACCOUNT_STATES.reduce((sum, state) => sum + accounts[state], 0);
}
