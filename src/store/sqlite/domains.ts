import {
  type Cutover,
  DOMAIN_STATES,
  type Domain,
  type FolderPolicies,
  LOGIN_FORMS,
  SERVE,
  SOURCE_DELETES,
} from "../../model/domain.ts";
import { type DomainStore, NotFoundError, type Reseal, StoreConflictError } from "../store.ts";
import type { Database } from "./database.ts";
import { number, octets, type Row, text, textOrNull, word } from "./rows.ts";
import { askAgainInDomain, forgetLogins } from "./throttles.ts";

const ADD = `INSERT INTO domain (name, state, source_host, source_port, source_tls, source_ca, source_verify, source_fingerprints, source_weak_tls, login, cutover, folder_map, exclude, source_deletes, serve, created_at, finalized_at)
  VALUES ($name, $state, $host, $port, $tls, $ca, $verify, $fingerprints, $weakTls, $login, $cutover, $folderMap, $exclude, $sourceDeletes, $serve, $createdAt, $finalizedAt) ON CONFLICT DO NOTHING`;
const UPDATE = `UPDATE domain SET state = $state, source_host = $host, source_port = $port, source_tls = $tls, source_ca = $ca,
  source_verify = $verify, source_fingerprints = $fingerprints, source_weak_tls = $weakTls, login = $login, cutover = $cutover,
  folder_map = $folderMap, exclude = $exclude, source_deletes = $sourceDeletes, serve = $serve, created_at = $createdAt, finalized_at = $finalizedAt WHERE name = $name`;
const TLS_MODES = ["starttls", "implicit", "none"] as const;

/** The domains of a SQLite store. */
export function sqliteDomains(database: Database): DomainStore {
  const find = (name: string) => {
    const row = database.prepare("SELECT * FROM domain WHERE name = ?").get(name);
    return row && domainOfRow(row);
  };
  return {
    async add(domain) {
      const { changes } = database.prepare(ADD).run(columnsOf(domain));
      if (changes === 0) throw new StoreConflictError(`the domain ${domain.name} is there already`);
    },

    async get(name) {
      return find(name);
    },

    async list() {
      return database.prepare("SELECT * FROM domain ORDER BY name").all().map(domainOfRow);
    },

    async update(name, patch, reseal) {
      return database.transaction(() => {
        const known = find(name);
        if (known === undefined) throw unknown(name);
        const next = { ...known, ...patch };
        database.prepare(UPDATE).run(columnsOf(next));
        askAgainInDomain(database, name);
        if (reseal) resealAll(database, name, reseal);
        return next;
      });
    },

    async remove(name) {
      database.transaction(() => {
        database
          .prepare("DELETE FROM job WHERE address IN (SELECT address FROM account WHERE domain = ?)")
          .run(name);
        forgetLogins(database, "domain = ?", name);
        // Accounts, credentials and ledgers follow by their foreign keys.
        const { changes } = database.prepare("DELETE FROM domain WHERE name = ?").run(name);
        if (changes === 0) throw unknown(name);
      });
    },
  };
}

function resealAll(database: Database, domain: string, reseal: Reseal): void {
  const next = database.prepare(
    `SELECT address, source_login, sealed_source FROM account JOIN credential USING (address)
     WHERE domain = ? AND address > ? AND sealed_source IS NOT NULL ORDER BY address LIMIT 1000`,
  );
  const put = database.prepare("UPDATE credential SET sealed_source = ? WHERE address = ?");
  for (
    let rows = next.all(domain, "");
    rows.length > 0;
    rows = next.all(domain, text(rows.at(-1) ?? {}, "address"))
  ) {
    for (const row of rows) {
      const address = text(row, "address");
      put.run(
        reseal({ address, sourceLogin: textOrNull(row, "source_login") }, octets(row, "sealed_source")),
        address,
      );
    }
  }
}

function columnsOf(domain: Domain): Record<string, string | number | null> {
  const { source } = domain;
  return {
    name: domain.name,
    state: domain.state,
    host: source.host,
    port: source.port,
    tls: source.tls,
    ca: source.ca,
    verify: source.verify ? 1 : 0,
    fingerprints: JSON.stringify(source.fingerprints ?? []),
    weakTls: source.weakTls === true ? 1 : 0,
    login: domain.login,
    cutover: JSON.stringify(domain.cutover),
    folderMap: JSON.stringify(domain.folderMap),
    exclude: JSON.stringify(domain.exclude),
    sourceDeletes: domain.sourceDeletes,
    serve: domain.serve,
    createdAt: domain.createdAt,
    finalizedAt: domain.finalizedAt,
  };
}

/** A row of the table `domain` as the model's domain. */
export function domainOfRow(row: Row): Domain {
  return {
    name: text(row, "name"),
    state: word(row, "state", DOMAIN_STATES),
    source: {
      host: text(row, "source_host"),
      port: number(row, "source_port"),
      tls: word(row, "source_tls", TLS_MODES),
      ca: textOrNull(row, "source_ca"),
      verify: number(row, "source_verify") === 1,
      fingerprints: JSON.parse(text(row, "source_fingerprints")) as string[],
      weakTls: number(row, "source_weak_tls") === 1,
    },
    login: word(row, "login", LOGIN_FORMS),
    cutover: JSON.parse(text(row, "cutover")) as Cutover,
    folderMap: JSON.parse(text(row, "folder_map")) as FolderPolicies["folderMap"],
    exclude: JSON.parse(text(row, "exclude")) as FolderPolicies["exclude"],
    sourceDeletes: word(row, "source_deletes", SOURCE_DELETES),
    serve: word(row, "serve", SERVE),
    createdAt: text(row, "created_at"),
    finalizedAt: textOrNull(row, "finalized_at"),
  };
}

function unknown(name: string): NotFoundError {
  return new NotFoundError(`there is no domain ${name}; "imbarco domain list" shows those there are`);
}
