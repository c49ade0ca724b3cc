import { join } from "node:path";
import { sqliteQueue } from "../../src/queue/sqlite.ts";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";
import { queueSuite } from "./queue-suite.ts";
import { storeSuite } from "./store-suite.ts";

function inMemory() {
  const database = openDatabase(":memory:");
  return { store: sqliteStore(database), queue: sqliteQueue(database), close: async () => database.close() };
}

async function inFile() {
  const folder = await makeTempFolder("store");
  const database = openDatabase(join(folder, "imbarco.db"));
  return {
    store: sqliteStore(database),
    queue: sqliteQueue(database),
    close: async () => {
      database.close();
      await removeTempFolder(folder);
    },
  };
}

storeSuite("SQLite in memory", async () => inMemory());
storeSuite("a SQLite file", inFile);
queueSuite("SQLite in memory", async () => inMemory());
queueSuite("a SQLite file", inFile);
