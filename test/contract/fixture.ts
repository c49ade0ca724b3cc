import { test as base } from "vitest";
import type { Store } from "../../src/store/store.ts";
import type { OpenStore } from "./store-suite.ts";

/** A test function whose tests are each given a new, empty store. */
export function testWithStore(open: OpenStore) {
  return base.extend<{ store: Store }>({
    // oxlint-disable-next-line no-empty-pattern -- vitest reads the fixture's needs from this pattern
    store: async ({}, use) => {
      const opened = await open();
      await use(opened.store);
      await opened.close();
    },
  });
}
