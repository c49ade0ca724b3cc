import type { Config } from "./config/config.ts";
import { loadConfig } from "./config/load.ts";
import { needsRestart } from "./config/reload.ts";
import { createGovernor, type Governor } from "./copy/governor.ts";
import { isDeadHere, workerOwner } from "./copy/owner.ts";
import { type Copier, createCopier } from "./copy/worker.ts";
import { systemClock } from "./kit/clock.ts";
import { DeadlineError, withDeadline } from "./kit/deadline.ts";
import type { Log } from "./log/log.ts";
import { createLogin, type Login } from "./login/login.ts";
import { causeChain } from "./model/failure.ts";
import { ListenError, listen } from "./net/listen.ts";
import { type ServerTls, serverTls } from "./net/server-tls.ts";
import { openProvisioner } from "./provision/open.ts";
import { sqliteQueue } from "./queue/sqlite.ts";
import { SessionRegistry, type SessionWatcher } from "./session/registry.ts";
import { type SessionDeps, serveSession } from "./session/session.ts";
import { openDatabase } from "./store/sqlite/database.ts";
import { sqliteStore } from "./store/sqlite/store.ts";
import type { Store } from "./store/store.ts";
import { openImap } from "./upstream/open.ts";
import { openVault } from "./vault/vault.ts";

/** What a batch under way gets at least to end in: half a minute later most supervisors kill. */
const LEAST_FOR_COPIES_MS = 10_000;

/** Ends one part of the program and resolves when it has ended. */
type Stop = () => Promise<unknown>;

/**
 * Runs everything the configuration names until `signal` aborts, then drains: no new connections, sessions may go on for
 * `config.drainMs`, a copy job stops after its present batch, for which it has about as long.
 * @throws {ListenError} when a port cannot be opened; other errors for an unreadable key or database
 */
export async function serve(config: Config, log: Log, signal: AbortSignal): Promise<void> {
  const live = renewOnHangUp(config, log);
  // What was started last is stopped first, so nothing loses what it stands on.
  const stops: Stop[] = [live.stop];
  try {
    const database = openDatabase(config.store.path);
    const store = sqliteStore(database);
    stops.push(() => store.close());
    const queue = sqliteQueue(database);
    const vault = await openVault(config.keyFile);
    const parts = { store, queue, vault, target: config.target, clock: systemClock, log };
    let copier: Copier | null = null;
    if (config.roles.includes("copier")) {
      await queue.releaseDead(isDeadHere);
      const base = { ...parts, copy: config.copy, owner: workerOwner() };
      const governor = createGovernor(base);
      live.governor = governor;
      copier = createCopier({ ...base, governor });
      stops.push(inBackground(copier, config, log, signal));
    }
    if (config.roles.includes("proxy")) {
      const provisioner = openProvisioner(config.target.provision, log);
      const login = createLogin({ ...parts, provisioner, onEnqueued: () => copier?.wake() });
      const watcher: SessionWatcher = {
        opened: (account) => copier?.follow(account),
        closed: (account) => copier?.unfollow(account),
      };
      stops.push(await openDoors(config, log, login, live, new SessionRegistry(watcher)));
    }
    if (config.roles.includes("admin") && config.admin) {
      // Node's HTTP takes 10 MB, which nobody else here needs.
      const { startHealth } = await import("./admin/health.ts");
      const ready = () => readiness(config, store, log);
      const { listen: place } = config.admin;
      const health = await startHealth({ listen: place, ready, log }).catch((error: Error) => {
        throw new ListenError(place, error);
      });
      stops.push(() => health.close());
    }
    log.info({ event: "serve.ready", roles: config.roles, configuration: config.file }, "imbarco is ready");
    await aborted(signal);
    log.info(
      { event: "serve.drain", drainMs: config.drainMs },
      "told to stop: no new connections from now on",
    );
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
  log.info({ event: "serve.stop" }, "imbarco has stopped");
}

/**
 * Starts the copier. It begins no new batch once `signal` aborts, however long sessions go on after that; the result waits for the
 * batches at hand, or goes without them where a server does not let them end.
 */
function inBackground(copier: Copier, config: Config, log: Log, signal: AbortSignal): Stop {
  const stopping = new AbortController();
  const running = copier.run(AbortSignal.any([signal, stopping.signal]));
  return async () => {
    stopping.abort();
    const limitMs = Math.max(config.drainMs, LEAST_FOR_COPIES_MS);
    try {
      await withDeadline(running, "the end of the copies under way", limitMs);
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      log.warn(
        { event: "serve.drain", causes: causeChain(error) },
        "a copy waits for a server and is cut short: it goes on at the next start",
      );
    }
  };
}

/** Opens the listeners. */
async function openDoors(
  config: Config,
  log: Log,
  login: Login,
  live: Live,
  registry: SessionRegistry,
): Promise<Stop> {
  const deps: SessionDeps = {
    login,
    log,
    hostname: config.hostname,
    offers: () => [],
    registry,
    get serverTls() {
      return live.serverTls;
    },
  };
  const doors: Stop[] = [];
  const stop = async () => {
    for (const close of doors) await close();
    await registry.drain(config.drainMs);
  };
  try {
    for (const listener of config.listeners) {
      const accept = (socket: Parameters<typeof serveSession>[1]) =>
        void serveSession(deps, socket, listener);
      const refuse = (error: Error) =>
        log.error(
          { event: "listener.error", causes: causeChain(error) },
          "a connection could not be accepted",
        );
      const door = await listen(listener.listen, accept, refuse);
      doors.push(() => door.close());
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

/** What can change while the process runs. */
interface Live {
  /** What the listeners show; the sessions under way never notice that it changes. */
  serverTls: ServerTls | null;
  /** Where this process copies. */
  governor: Governor | null;
  readonly stop: Stop;
}

/** SIGHUP renews the certificate, the log level and the limits of the copier. It is heard as long as anything runs, since it would end the process otherwise. */
function renewOnHangUp(config: Config, log: Log): Live {
  let reading = Promise.resolve();
  const onHangUp = () => {
    // One after the other, so that the last one counts.
    reading = reading.then(() => reread(config, log, live));
  };
  const live: Live = {
    serverTls: serverTlsOf(config),
    governor: null,
    stop: async () => {
      process.off("SIGHUP", onHangUp);
      await reading;
    },
  };
  process.on("SIGHUP", onHangUp);
  return live;
}

function serverTlsOf(config: Config): ServerTls | null {
  return config.tls === null ? null : serverTls({ cert: config.tls.cert, key: config.tls.key });
}

/** Reads the configuration again and takes over what can change live; a faulty one changes nothing. */
async function reread(running: Config, log: Log, live: Live): Promise<void> {
  try {
    const { config } = await loadConfig(running.file);
    // Without a certificate the listeners that need one go on with theirs: listeners only change with a restart.
    live.serverTls = serverTlsOf(config) ?? live.serverTls;
    log.level = config.log.level;
    live.governor?.setLimits(config.copy);
    const restart = needsRestart(running, config);
    log.info(
      { event: "serve.reload", restart },
      restart.length === 0
        ? "the configuration was read again"
        : `the configuration was read again; changes in ${restart.join(", ")} need a restart`,
    );
  } catch (error) {
    log.error(
      { event: "serve.reload", causes: causeChain(error) },
      "the configuration could not be read again; the present one stays. imbarco check says what is wrong",
    );
  }
}

/** What `/readyz` tells: whether the store answers and the target greets. */
async function readiness(config: Config, store: Store, log: Log): Promise<Record<string, boolean>> {
  const answers = (work: Promise<unknown>) =>
    work.then(
      () => true,
      (error: unknown) => {
        log.debug({ event: "listener.error", causes: causeChain(error) }, "not ready");
        return false;
      },
    );
  return {
    store: await answers(store.domains.list()),
    target: await answers(
      openImap({ log }, "target", config.target.imap).then((connection) => connection.close()),
    ),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
