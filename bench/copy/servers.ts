import { chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CANARY } from "../../test/kit/canary.ts";
import { type Dovecot, startDovecot } from "../../test/kit/dovecot.ts";
import { MAIL_UID, runsAsRoot } from "../../test/kit/dovecot-config.ts";
import { CORPUS_NAMES, type CorpusName, SPECIAL_USE } from "./corpus.ts";
import type { CopyJob, Side } from "./job.ts";
import { type Relay, startRelay } from "./relay.ts";
import { type Seeded, seedMaildir } from "./seed.ts";

export const DOMAIN = "bench.example";
const PASSWORD = `bench-${CANARY}`;

/** How a copier reaches both servers. */
export interface Way {
  readonly tls: Side["tls"];
  /** The round trip that a relay adds on both sides; 0 = no relay. */
  readonly latencyMs: number;
}

/** Two Dovecots, the corpora at one of them, and the relays in front of both. */
export class Servers {
  readonly source: Dovecot;
  readonly target: Dovecot;
  readonly #scratch: string;
  readonly #relays = new Map<string, { source: Relay; target: Relay }>();
  #targets = 0;

  private constructor(source: Dovecot, target: Dovecot, scratch: string) {
    this.source = source;
    this.target = target;
    this.#scratch = scratch;
  }

  /**
   * Starts both with empty Maildirs, below the temporary folder of this machine, which should be in memory. The accounts for all
   * `jobs` are there from the start, since Dovecot looks for new ones only once a second.
   */
  static async start(scratch: string, jobs: number): Promise<Servers> {
    await writeFile(join(scratch, "password"), PASSWORD, { mode: 0o600 });
    const withPassword = (names: readonly string[]) =>
      Object.fromEntries(names.map((name) => [name, PASSWORD]));
    const specialUse = SPECIAL_USE;
    const source = await startDovecot({ specialUse, users: withPassword(CORPUS_NAMES.map(sourceUser)) });
    try {
      const users = withPassword(Array.from({ length: jobs }, (_, index) => targetUser(index + 1)));
      return new Servers(source, await startDovecot({ specialUse, users }), scratch);
    } catch (error) {
      await source.stop();
      throw error;
    }
  }

  /** Puts a corpus into the source, as the mailbox of an account of its own. */
  async seed(corpus: CorpusName, scale: number): Promise<Seeded> {
    const user = sourceUser(corpus);
    const home = join(this.source.folder, "mail", user);
    await mkdir(home);
    const seeded = await seedMaildir(join(home, "mail"), corpus, scale);
    if (runsAsRoot()) await chown(home, MAIL_UID, MAIL_UID);
    return seeded;
  }

  /** A copy of the corpus to an account of the target that nobody has used yet. */
  async newJob(corpus: CorpusName, way: Way, options: { counting?: boolean } = {}): Promise<CopyJob> {
    this.#targets += 1;
    const user = targetUser(this.#targets);
    const direct = way.latencyMs === 0 && !options.counting;
    const relays = direct ? undefined : await this.relays(way.latencyMs);
    const side = (server: Dovecot, name: string, port = server.imapPort): Side => ({
      host: "127.0.0.1",
      port,
      tls: way.tls,
      caFile: server.caFile,
      user: name,
      password: PASSWORD,
      passwordFile: join(this.#scratch, "password"),
    });
    return {
      source: side(this.source, sourceUser(corpus), relays?.source.port),
      target: side(this.target, user, relays?.target.port),
      folder: await mkdtemp(join(this.#scratch, "job-")),
    };
  }

  /** The same accounts without relay and TLS, for looking at what has come of it. */
  direct(side: "source" | "target", job: CopyJob): Side {
    return { ...job[side], port: this[side].imapPort, tls: "none" };
  }

  /** The relays of that round trip time in front of both servers; started at the first use. */
  async relays(latencyMs: number): Promise<{ source: Relay; target: Relay }> {
    const key = String(latencyMs);
    const there = this.#relays.get(key);
    if (there) return there;
    const source = await startRelay(this.source.imapPort, latencyMs);
    const target = await startRelay(this.target.imapPort, latencyMs);
    const relays = { source, target };
    this.#relays.set(key, relays);
    return relays;
  }

  /** Dovecot's own configuration of the target, for a program that writes its storage itself. */
  get targetConfig(): string {
    return join(this.target.folder, "dovecot.conf");
  }

  /** Removes what a job has made. */
  async discard(job: CopyJob): Promise<void> {
    await rm(job.folder, { recursive: true, force: true });
    await rm(join(this.target.folder, "mail", job.target.user), { recursive: true, force: true });
  }

  async stop(): Promise<void> {
    for (const { source, target } of this.#relays.values()) await Promise.all([source.stop(), target.stop()]);
    await Promise.all([this.source.stop(), this.target.stop()]);
  }
}

/** The account of a corpus at the source. */
function sourceUser(corpus: CorpusName): string {
  return `${corpus.toLowerCase()}@${DOMAIN}`;
}

function targetUser(number: number): string {
  return `t${number}@${DOMAIN}`;
}
