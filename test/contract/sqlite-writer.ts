import { sqliteQueue } from "../../src/queue/sqlite.ts";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import { sampleDomain } from "./samples.ts";

/**
 * A process that works on a database together with others: `sqlite-writer.ts FILE NAME ROUNDS`. It notes a failed login of the same
 * account in every round, and leases one job a round; the tokens it got are its output.
 */
const [file = "", name = "", rounds = "0"] = process.argv.slice(2);
const database = openDatabase(file);
const store = sqliteStore(database);
const queue = sqliteQueue(database);
await store.domains.add(sampleDomain("a.it")).catch((error: Error) => {
  if (error.name !== "StoreConflictError") throw error;
});
await store.accounts.addMany(
  [{ address: "x@a.it", domain: "a.it", sourceLogin: null, name: null, quota: null }],
  "2026-03-01T10:00:00.000Z",
);
for (let round = 0; round < Number(rounds); round += 1) {
  await store.accounts.noteFailedLogin("x@a.it", "2026-03-01T10:00:00.000Z");
  await queue.put(`${name}-${round}@a.it`, round);
  const lease = await queue.lease(name, 1e9, 1e9);
  if (lease) process.stdout.write(`${lease.token} ${lease.address}\n`);
}
database.close();
