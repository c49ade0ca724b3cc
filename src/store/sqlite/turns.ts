import type { TurnStore } from "../store.ts";
import type { Database } from "./database.ts";
import { number, text } from "./rows.ts";

/** The turns of logins in a SQLite store. */
export function sqliteTurns(database: Database): TurnStore {
  const holderOf = (name: string) =>
    database.prepare("SELECT owner, held_until FROM login_turn WHERE name = ?").get(name);
  return {
    async take(name, owner, now, ttlMs, isDead) {
      const isFree = () => {
        const holder = holderOf(name);
        return holder === undefined || number(holder, "held_until") <= now || isDead(text(holder, "owner"));
      };
      // Looking first keeps those who wait from taking the write lock at every look.
      if (!isFree()) return false;
      return database.transaction(() => {
        if (!isFree()) return false;
        database
          .prepare(
            `INSERT INTO login_turn (name, owner, held_until) VALUES (?, ?, ?)
             ON CONFLICT DO UPDATE SET owner = excluded.owner, held_until = excluded.held_until`,
          )
          .run(name, owner, now + ttlMs);
        return true;
      });
    },

    async end(name, owner) {
      database.prepare("DELETE FROM login_turn WHERE name = ? AND owner = ?").run(name, owner);
    },
  };
}
