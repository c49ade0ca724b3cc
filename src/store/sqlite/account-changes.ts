import { isDeepStrictEqual } from "node:util";
import { type AccountEvent, type AccountStanding, nextStanding, type Progress } from "../../model/account.ts";
import type { Address } from "../../model/address.ts";
import { type AccountStore, NotFoundError } from "../store.ts";
import { accountOfRow, PROGRESS_COLUMNS, standingOfRow } from "./account-rows.ts";
import type { Database } from "./database.ts";
import { askAgainAbout } from "./throttles.ts";

type ChangeMethods = Pick<
  AccountStore,
  "apply" | "sourceWaits" | "setProgress" | "setLastPass" | "noteFailedLogin"
>;

/** The part of the accounts that follows them on their way. */
export function sqliteAccountChanges(database: Database): ChangeMethods {
  const find = (address: Address) => database.prepare("SELECT * FROM account WHERE address = ?").get(address);
  return {
    async apply(address, event, at) {
      return database.transaction(() => {
        const row = find(address);
        if (row === undefined) throw unknown(address);
        const now = standingOfRow(row);
        const next = nextStanding(now, event);
        // A repeated event changes nothing and need not cost a write; one that the state does not take sets no times.
        if (isDeepStrictEqual(now, next)) return accountOfRow(row);
        putStanding(database, address, next, event, at);
        if (next.state !== now.state) askAgainAbout(database, address);
        return accountOfRow(find(address) ?? row);
      });
    },

    async sourceWaits(domain, message) {
      database
        .prepare(
          `UPDATE account SET message = $message
           WHERE domain = $domain AND state IN ('captured', 'copying') AND reason IS NULL AND message IS NOT $message`,
        )
        .run({ domain, message });
    },

    async setProgress(address, progress) {
      const names = (Object.keys(PROGRESS_COLUMNS) as (keyof Progress)[]).filter(
        (name) => progress[name] !== undefined,
      );
      if (names.length === 0) return;
      const assignments = names.map((name) => `${PROGRESS_COLUMNS[name]} = ?`).join(", ");
      const values = names.map((name) => progress[name] ?? null);
      database.prepare(`UPDATE account SET ${assignments} WHERE address = ?`).run(...values, address);
    },

    async setLastPass(address, at) {
      database.prepare("UPDATE account SET last_pass_at = ? WHERE address = ?").run(at, address);
    },

    async noteFailedLogin(address, at) {
      database
        .prepare(
          "UPDATE account SET failed_logins = failed_logins + 1, last_failed_login_at = ? WHERE address = ?",
        )
        .run(at, address);
    },
  };
}

/** The time that goes with an event; it is set once and stays. */
const TIME_COLUMNS: Partial<Record<AccountEvent["kind"], string>> = {
  captured: "first_login_at",
  "copy-started": "copy_started_at",
  synced: "synced_at",
};

function putStanding(
  database: Database,
  address: Address,
  standing: AccountStanding,
  event: AccountEvent,
  at: string,
): void {
  const { state, formerState, reason, message } = standing;
  const column = TIME_COLUMNS[event.kind];
  const time = column === undefined ? "" : `, ${column} = coalesce(${column}, $at)`;
  database
    .prepare(
      `UPDATE account SET state = $state, former_state = $formerState, reason = $reason, message = $message${time}
       WHERE address = $address`,
    )
    .run({ state, formerState, reason, message, address, ...(column === undefined ? {} : { at }) });
}

function unknown(address: Address): NotFoundError {
  return new NotFoundError(`there is no account ${address}`);
}
