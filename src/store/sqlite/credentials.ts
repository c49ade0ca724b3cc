import { type AccountStore, type Credentials, NotFoundError } from "../store.ts";
import type { Database } from "./database.ts";
import { octetsOrNull, type Row, text } from "./rows.ts";
import { askAgainAbout } from "./throttles.ts";

type CredentialMethods = Pick<AccountStore, "getCredentials" | "putCredentials" | "purgeSealed">;

/** A row of the table `credential`. */
export function credentialsOfRow(row: Row): Credentials {
  return {
    verifier: text(row, "verifier"),
    sealedSource: octetsOrNull(row, "sealed_source"),
    sealedTarget: octetsOrNull(row, "sealed_target"),
  };
}

/** The part of the accounts that keeps passwords: one-way verifiers, and sealed texts that only the vault can open. */
export function sqliteCredentials(database: Database): CredentialMethods {
  return {
    async getCredentials(address) {
      const row = database.prepare("SELECT * FROM credential WHERE address = ?").get(address);
      if (row === undefined) return undefined;
      return credentialsOfRow(row);
    },

    async putCredentials(address, { verifier, sealedSource, sealedTarget }) {
      const { changes } = database
        .prepare(
          `INSERT INTO credential (address, verifier, sealed_source, sealed_target) SELECT address, ?, ?, ? FROM account WHERE address = ?
           ON CONFLICT DO UPDATE SET verifier = excluded.verifier, sealed_source = excluded.sealed_source, sealed_target = excluded.sealed_target`,
        )
        .run(verifier, sealedSource, sealedTarget, address);
      if (changes === 0) throw new NotFoundError(`there is no account ${address}`);
      askAgainAbout(database, address);
    },

    async purgeSealed(domain) {
      const { changes } = database
        .prepare(
          `UPDATE credential SET sealed_source = NULL, sealed_target = NULL
           WHERE (sealed_source IS NOT NULL OR sealed_target IS NOT NULL)
             AND address IN (SELECT address FROM account WHERE domain = ?)`,
        )
        .run(domain);
      return Number(changes);
    },
  };
}
