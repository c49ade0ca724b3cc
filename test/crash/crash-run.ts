import { join } from "node:path";
import { Random } from "../../demo/random.ts";
import type { Queue } from "../../src/queue/queue.ts";
import { sqliteQueue } from "../../src/queue/sqlite.ts";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import type { Store } from "../../src/store/store.ts";
import { type BreakingRelay, type OnPiece, startBreakingRelay } from "../kit/breaking-relay.ts";
import { CANARY } from "../kit/canary.ts";
import { countMessages, differences, fillMailbox } from "../kit/mailbox.ts";
import { DOMAIN, type Platform, startPlatform } from "../kit/platform.ts";
import { waitFor } from "../kit/wait-for.ts";
import { crashMailbox, type MailboxSize, newMail } from "./crash-mailbox.ts";
import { Saboteur, type Side } from "./saboteur.ts";

const USERS = ["anna", "bert", "carla"];
const PASSWORD = `crash-${CANARY}`;

/** About the size of what `crashMailbox` writes, without the large ones. */
const OCTETS_A_LETTER = 4_000;

/** What a target without UIDPLUS, MULTIAPPEND and LITERAL+ offers. */
const OLD_TARGET =
  "imap_capability = IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE NAMESPACE SPECIAL-USE CHILDREN";

export interface CrashPlan {
  readonly breaks: number;
  readonly seed: number;
  readonly mailbox: MailboxSize;
  /** 1 to 3. */
  readonly accounts: number;
  /** Hides what makes exactly once easy; default false. */
  readonly oldTarget?: boolean;
  readonly tell?: (line: string) => void;
}

export interface CrashResult {
  readonly kills: number;
  readonly cuts: { readonly source: number; readonly target: number };
  readonly accounts: number;
  readonly messages: number;
  readonly seconds: number;
  /** What is not the same on both sides, as sentences. */
  readonly differences: readonly string[];
}

/**
 * Copies mailboxes while the copier is killed and its connections are cut at random moments; each time something is on its way. More mail comes
 * where everything is copied before the last break. Then lets the copier finish, and compares both sides message by message.
 */
export async function crashRun(plan: CrashPlan): Promise<CrashResult> {
  const began = Date.now();
  const stage = await CrashStage.start(plan);
  try {
    const counts = { kills: 0, cuts: { source: 0, target: 0 } };
    for (let done = 0; done < plan.breaks; done += 1) {
      const what = await stage.breakSomething();
      if (what === "kill") counts.kills += 1;
      else counts.cuts[what] += 1;
      plan.tell?.(`${done + 1} of ${plan.breaks}: ${what}, ${await stage.recorded()} messages recorded`);
    }
    await stage.finish();
    const { messages, found } = await stage.compare();
    const seconds = Math.round((Date.now() - began) / 1000);
    return { ...counts, accounts: plan.accounts, messages, seconds, differences: found };
  } catch (error) {
    throw new Error(`with the seed ${plan.seed}: ${await stage.describe()}`, { cause: error });
  } finally {
    await stage.stop();
  }
}

/** Both servers with relays before them, imbarco, and what has been put into the mailboxes. */
class CrashStage {
  readonly #random: Random;
  readonly #saboteur: Saboteur;
  readonly #platform: Platform;
  readonly #relays: readonly BreakingRelay[];
  readonly #store: Store;
  readonly #queue: Queue;
  readonly #users: readonly string[];
  /** Messages put into each mailbox at the source. */
  readonly #put = new Map<string, number>();
  readonly #breaks: number;
  #octetsPut = 0;
  #recordedAtCut = -1;

  private constructor(
    random: Random,
    saboteur: Saboteur,
    platform: Platform,
    relays: readonly BreakingRelay[],
    plan: { readonly users: readonly string[]; readonly breaks: number },
  ) {
    this.#users = plan.users;
    this.#breaks = plan.breaks;
    this.#random = random;
    this.#saboteur = saboteur;
    this.#platform = platform;
    this.#relays = relays;
    const file = join(platform.imbarco.folder, "data", "imbarco.db");
    const database = openDatabase(file);
    this.#store = sqliteStore(database);
    this.#queue = sqliteQueue(database);
  }

  static async start(plan: CrashPlan): Promise<CrashStage> {
    const random = new Random(plan.seed);
    const users = USERS.slice(0, plan.accounts);
    const saboteur = new Saboteur(random);
    const places = { source: { host: "127.0.0.1", port: 0 }, target: { host: "127.0.0.1", port: 0 } };
    const ofTarget = saboteur.onPiece("target");
    const relays = [
      await startBreakingRelay(places.source, saboteur.onPiece("source")),
      await startBreakingRelay(places.target, plan.oldTarget ? withoutUids(ofTarget) : ofTarget),
    ] as const;
    const platform = await startPlatform({
      users: Object.fromEntries(users.map((user) => [user, PASSWORD])),
      via: { source: relays[0].port, target: relays[1].port },
      onPorts: (ports) => {
        places.source.port = ports.source;
        places.target.port = ports.target;
      },
      // In clear, so that the relay can hide what an old target does not say; the other way with TLS.
      targetTls: plan.oldTarget ? "none" : "starttls",
      ...(plan.oldTarget ? { target: { config: OLD_TARGET } } : {}),
    });
    const stage = new CrashStage(random, saboteur, platform, relays, { users, breaks: plan.breaks });
    for (const user of users) await stage.#fill(user, crashMailbox(random, plan.mailbox));
    for (const user of users) (await platform.logIn(user)).close();
    return stage;
  }

  /** Breaks one thing while messages are on their way, and says which. */
  async breakSomething(): Promise<"kill" | Side> {
    const random = this.#random;
    for (;;) {
      const toCome = await this.#keepBusy();
      await this.#wakeAll();
      const kind = random.pick(["kill", "source", "target"] as const);
      // Cut again and again before anything is recorded, a message would count as the one that breaks connections.
      if (kind !== "kill") await this.#progress();
      const side = kind === "kill" ? random.pick(["source", "target"] as const) : kind;
      // Mostly in the stream of messages, else among commands and answers.
      const isBulk = random.chance(0.7);
      const from = (side === "source") === isBulk ? "server" : "client";
      // Spread over what was put there at first, and within what is still to come.
      const most = isBulk ? Math.min((2 * this.#octetsPut) / this.#breaks, OCTETS_A_LETTER * toCome) : 10_000;
      const left = Math.ceil(random.next() ** 2 * most);
      if (!(await this.#saboteur.strike({ side, from, left, cuts: kind !== "kill" }, 2_000))) continue;
      if (kind === "kill") {
        await this.#platform.imbarco.kill9();
        await this.#platform.imbarco.start();
      } else this.#recordedAtCut = await this.recorded();
      return kind;
    }
  }

  /** Waits until all is copied (what was cut off so often that it counts as refused is tried again, as an administrator would have it), and one more pass over each account has changed nothing. */
  async finish(): Promise<void> {
    await this.#waitFor(async () => {
      for (const user of this.#users) {
        const address = addressOf(user);
        if ((await this.#recordedOf(address)) < (this.#put.get(address) ?? 0)) return false;
        if ((await this.#store.ledger.intents(address)).length > 0) return false;
        if ((await this.#givenUp(user)).length > 0) {
          await this.#platform.imbarco.cli(["quarantine", "retry", address]);
          return false;
        }
      }
      return true;
    }, "everything recorded");
    for (const user of this.#users) {
      const before = (await this.#store.accounts.get(addressOf(user)))?.lastPassAt;
      const isPassed = async () => (await this.#store.accounts.get(addressOf(user)))?.lastPassAt !== before;
      await this.#waitFor(isPassed, `one more pass over ${user}`);
    }
  }

  async compare(): Promise<{ messages: number; found: string[] }> {
    const found: string[] = [];
    let messages = 0;
    for (const user of this.#users) {
      const { source, target } = await this.#platform.bothSides(user);
      messages += countMessages(source);
      found.push(...differences(source, target).map((difference) => `${user}: ${difference}`));
    }
    return { messages, found };
  }

  /** Messages in the ledgers of all accounts. */
  async recorded(): Promise<number> {
    const each = await Promise.all(this.#users.map((user) => this.#recordedOf(addressOf(user))));
    return each.reduce((sum, count) => sum + count, 0);
  }

  /** How the accounts stand, for an error: with the last words of imbarco that are more than information. */
  async describe(): Promise<string> {
    const lines: string[] = [];
    for (const user of this.#users) {
      const address = addressOf(user);
      const { state, message } = (await this.#store.accounts.get(address)) ?? {};
      const intents = (await this.#store.ledger.intents(address)).length;
      const recorded = `${await this.#recordedOf(address)} of ${this.#put.get(address)} recorded`;
      lines.push(`${user} is ${state} (${message ?? "no message"}), ${recorded}, ${intents} intents`);
      lines.push(...(await this.#givenUp(user)));
    }
    const log = this.#platform.imbarco
      .logLines()
      .filter(({ level }) => level !== "info" && level !== "debug");
    return [...lines, ...log.slice(-5).map(({ msg }) => msg)].join("\n");
  }

  async stop(): Promise<void> {
    await this.#store.close();
    await this.#platform.stop();
    for (const relay of this.#relays) await relay.stop();
  }

  /** Mail on its way: where everything is copied, more comes. How many messages are still to be copied. */
  async #keepBusy(): Promise<number> {
    const all = [...this.#put.values()].reduce((sum, count) => sum + count, 0);
    const toCome = all - (await this.recorded());
    if (toCome > 0) return toCome;
    const more = 100 + this.#random.below(200);
    await this.#fill(this.#random.pick(this.#users), newMail(this.#random, more));
    return more;
  }

  async #progress(): Promise<void> {
    await this.#waitFor(
      async () => (await this.recorded()) > this.#recordedAtCut,
      "a message recorded since the last break",
    );
  }

  /** As `waitFor`. Breaks that fall outside of the copying make accounts wait longer and longer: here they go on at once. */
  async #waitFor(condition: () => Promise<boolean>, what: string): Promise<void> {
    let wakeAt = 0;
    await waitFor(
      async () => {
        if (await condition()) return true;
        if (Date.now() > wakeAt) {
          await this.#wakeAll();
          wakeAt = Date.now() + 1_000;
        }
        return false;
      },
      what,
      { limitMs: 180_000, everyMs: 100 },
    );
  }

  async #wakeAll(): Promise<void> {
    for (const user of this.#users) await this.#queue.put(addressOf(user), Date.now());
  }

  async #fill(user: string, folders: ReturnType<typeof crashMailbox>): Promise<void> {
    const address = addressOf(user);
    const messages = Object.values(folders).flat();
    const count = messages.length;
    for (const { body } of messages) this.#octetsPut += body.length;
    // Before they are there: what is copied at once must not count as everything.
    this.#put.set(address, (this.#put.get(address) ?? 0) + count);
    const place = { ...this.#platform.source.endpoint(), tls: "none" as const };
    await fillMailbox(place, address, PASSWORD, folders);
  }

  async #givenUp(user: string): Promise<string[]> {
    const folders = await this.#store.ledger.load(addressOf(user));
    return folders.flatMap(({ source, entries }) =>
      entries
        .filter(({ refusal }) => refusal !== null)
        .map(({ sourceUid, refusal }) => `${user}: ${source}: UID ${sourceUid} was given up: ${refusal}`),
    );
  }

  async #recordedOf(address: string): Promise<number> {
    const folders = await this.#store.ledger.load(address);
    return folders.reduce((sum, folder) => sum + folder.entries.length, 0);
  }
}

function addressOf(user: string): string {
  return `${user}@${DOMAIN}`;
}

/** Takes the UIDs out of what the target answers, as one without UIDPLUS (RFC 4315) would; those cut in two by pieces stay. */
function withoutUids(onPiece: OnPiece): OnPiece {
  return (connection, piece, from) => {
    const passed = onPiece(connection, piece, from) ?? piece;
    if (from === "client" || !passed.includes("[APPENDUID ")) return passed;
    return Buffer.from(passed.toString("latin1").replaceAll(/\[APPENDUID \d+ [\d:,]+\] /g, ""), "latin1");
  };
}
