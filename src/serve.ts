import type { Config } from "./config/config.ts";
import type { Copier } from "./copy/worker.ts";
import { systemClock } from "./kit/clock.ts";
import type { Log } from "./log/log.ts";
import { setV8For } from "./process/v8-settings.ts";
import { sqliteQueue } from "./queue/sqlite.ts";
import { startCopier } from "./serve/copying.ts";
import { openDoors } from "./serve/doors.ts";
import type { Parts } from "./serve/parts.ts";
import { renewOnHangUp } from "./serve/reload.ts";
import type { CopierLine, Stop, Surroundings } from "./serve/surroundings.ts";
import { preLoginBounds, SessionRegistry, type SessionWatcher } from "./session/registry.ts";
import { openDatabase } from "./store/sqlite/database.ts";
import { sqliteStore } from "./store/sqlite/store.ts";
import { instanceOf } from "./vault/instance.ts";
import { openVault } from "./vault/vault.ts";

/**
 * Runs what the configuration names and `around` gives to this process, until `signal` aborts, then drains: no new connections, sessions
 * may go on for `config.drainMs`, a copy job stops after its present batch, for which it has about as long.
 * @throws {ListenError} when a port cannot be opened; other errors for an unreadable key or database
 */
export async function serve(
  config: Config,
  log: Log,
  signal: AbortSignal,
  around: Surroundings,
): Promise<void> {
  setV8For(around.roles);
  const live = renewOnHangUp(config, log);
  // What was started last is stopped first, so nothing loses what it stands on.
  const stops: Stop[] = [live.stop];
  const say = log[around.level].bind(log);
  try {
    const database = openDatabase(config.store.path);
    const store = sqliteStore(database);
    stops.push(() => store.close());
    const queue = sqliteQueue(database);
    const vault = await openVault(config.keyFile);
    const instance = instanceOf(vault);
    const { target } = config;
    const parts: Parts = { config, log, clock: systemClock, store, queue, vault, target, instance, live };
    let copier: Copier | null = null;
    if (around.roles.includes("copier")) {
      const started = startCopier(parts, signal);
      copier = started.copier;
      stops.push(started.stop);
    }
    const line: CopierLine | null = copier ?? around.copier;
    const watcher: SessionWatcher = {
      opened: (account) => line?.follow(account),
      closed: (account) => line?.unfollow(account),
    };
    const registry = new SessionRegistry(watcher, preLoginBounds(around.proxies));
    if (around.roles.includes("proxy"))
      stops.push(await openDoors(parts, registry, around, () => line?.wake()));
    if (around.roles.includes("admin") && config.admin) {
      // Node's HTTP takes 10 MB, which nobody else here needs.
      const { startAdmin } = await import("./serve/admin.ts");
      stops.push(await startAdmin(parts, config.admin.listen, around.others));
    }
    stops.push(await around.onReady({ registry, copier, reread: () => live.reread() }));
    say({ event: "serve.ready", roles: around.roles, configuration: config.file }, "imbarco is ready");
    await aborted(signal);
    say({ event: "serve.drain", drainMs: config.drainMs }, "told to stop: no new connections from now on");
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
  say({ event: "serve.stop" }, "imbarco has stopped");
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
