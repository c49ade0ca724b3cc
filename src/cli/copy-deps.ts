import type { CopyDeps } from "../copy/deps.ts";
import { createGovernor } from "../copy/governor/governor.ts";
import { workerOwner } from "../copy/owner.ts";
import { systemClock } from "../kit/clock.ts";
import type { App } from "./context.ts";

/** What the copier needs, for the commands that make passes themselves. Opens the key file. */
export async function copyDeps(app: App): Promise<CopyDeps> {
  const { copy, target } = app.config;
  const parts = { store: app.store, clock: systemClock, log: app.log, owner: workerOwner() };
  return {
    ...parts,
    queue: app.queue,
    vault: await app.vault(),
    target,
    copy,
    governor: createGovernor({ ...parts, copy }),
  };
}
