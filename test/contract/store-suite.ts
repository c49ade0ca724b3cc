import { describe } from "vitest";
import type { Store } from "../../src/store/store.ts";
import { accountSuite } from "./account-suite.ts";
import { budgetSuite } from "./budget-suite.ts";
import { credentialSuite } from "./credential-suite.ts";
import { domainSuite } from "./domain-suite.ts";
import { ledgerSuite } from "./ledger-suite.ts";
import { throttleSuite } from "./throttle-suite.ts";

/** Opens a new, empty store; `close` ends it and removes what it left. */
export type OpenStore = () => Promise<{ readonly store: Store; close(): Promise<void> }>;

/** What every implementation of `Store` promises. */
export function storeSuite(name: string, open: OpenStore): void {
  describe(`the store on ${name}`, () => {
    domainSuite(open);
    accountSuite(open);
    credentialSuite(open);
    ledgerSuite(open);
    budgetSuite(open);
    throttleSuite(open);
  });
}
