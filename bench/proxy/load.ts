import { setTimeout as sleep } from "node:timers/promises";
import { LoadClient, type Ticket } from "./load-client.ts";
import { type Door, type LoadJob, type LoadResult, type Users, userName } from "./load-job.ts";

/** The load generator: a process of its own that takes one job after the other by IPC and ends with its parent. */
const CONCURRENT_OPENS = 32;
const UPLOAD_PIECE = Buffer.alloc(64 * 1024, "octets of a message on its way up\r\n");
let idle: LoadClient[] = [];

process.on("message", (job: LoadJob) => {
  perform(job).then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ ...NOTHING, errors: 1, firstError: String(error) }),
  );
});
process.once("disconnect", () => process.exit(0));

const NOTHING: LoadResult = {
  count: 0,
  octets: 0,
  ms: 0,
  p50Ms: 0,
  p99Ms: 0,
  resumed: 0,
  errors: 0,
  firstError: null,
};

function perform(job: LoadJob): Promise<LoadResult> {
  switch (job.kind) {
    case "logins":
      return logins(job);
    case "relay":
      return relay(job);
    case "noop":
      return noop(job);
    case "idle":
      return openIdle(job.door, job.users, job.sessions);
    case "greet-all":
      return greetAll(job.door, job.users);
    case "close":
      for (const client of idle) client.close();
      idle = [];
      return Promise.resolve(NOTHING);
  }
}

/** Counts what succeeded and what did not. */
class Tally {
  readonly latencies: number[] = [];
  resumed = 0;
  octets = 0;
  errors = 0;
  firstError: string | null = null;
  readonly #began = performance.now();

  failed(error: unknown): void {
    this.errors += 1;
    this.firstError ??= error instanceof Error ? error.message : String(error);
  }

  result(): LoadResult {
    const sorted = this.latencies.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;
    const { octets, resumed, errors, firstError } = this;
    const ms = performance.now() - this.#began;
    return { count: sorted.length, octets, ms, p50Ms: at(0.5), p99Ms: at(0.99), resumed, errors, firstError };
  }
}

async function logins(job: Extract<LoadJob, { kind: "logins" }>): Promise<LoadResult> {
  const tally = new Tally();
  const began = performance.now();
  let next = 0;
  const one = async (client: number) => {
    const ticket: Ticket | null = job.resume ? { session: null } : null;
    while (performance.now() - began < job.forMs) {
      const number = next;
      next += 1;
      if (job.rate > 0) {
        const waitMs = (number * 1000) / job.rate - (performance.now() - began);
        if (waitMs > 0) await sleep(waitMs);
        if (performance.now() - began >= job.forMs) return;
      }
      const user = job.rate > 0 ? number : client + number;
      await cycle(job.door, userName(user % job.users.count), job.users.password, ticket, tally);
    }
  };
  await Promise.all(Array.from({ length: job.clients }, (_, client) => one(client)));
  return tally.result();
}

async function cycle(
  door: Door,
  user: string,
  password: string,
  ticket: Ticket | null,
  tally: Tally,
): Promise<void> {
  const began = performance.now();
  const client = new LoadClient(door, ticket);
  try {
    await client.logIn(user, password);
    tally.latencies.push(performance.now() - began);
    if (client.isResumed) tally.resumed += 1;
    await client.command("b", "LOGOUT");
  } catch (error) {
    tally.failed(error);
  } finally {
    client.close();
  }
}

async function relay(job: Extract<LoadJob, { kind: "relay" }>): Promise<LoadResult> {
  const client = new LoadClient(job.door, null);
  await client.logIn(userName(0), job.users.password);
  const send = job.direction === "down" ? fetchOne : storeOne;
  // The first one only warms up.
  await send(client, job.messageOctets);
  const tally = new Tally();
  const began = performance.now();
  while (performance.now() - began < job.forMs) {
    const sent = performance.now();
    await send(client, job.messageOctets);
    tally.latencies.push(performance.now() - sent);
    tally.octets += job.messageOctets;
  }
  const result = tally.result();
  client.close();
  return result;
}

function fetchOne(client: LoadClient, octets: number): Promise<void> {
  return client.command("f", `FETCH ${octets} BODY[]`);
}

async function storeOne(client: LoadClient, octets: number): Promise<void> {
  const { socket } = client;
  const stored = client.line("s OK");
  socket.write(`s APPEND INBOX {${octets}+}\r\n`);
  for (let left = octets; left > 0; left -= UPLOAD_PIECE.length) {
    const isTaken = socket.write(left >= UPLOAD_PIECE.length ? UPLOAD_PIECE : UPLOAD_PIECE.subarray(0, left));
    if (!isTaken)
      await new Promise((resolve) => {
        socket.once("drain", resolve);
      });
  }
  socket.write("\r\n");
  await stored;
}

async function noop(job: Extract<LoadJob, { kind: "noop" }>): Promise<LoadResult> {
  const client = new LoadClient(job.door, null);
  await client.logIn(userName(0), job.users.password);
  const tally = new Tally();
  const began = performance.now();
  for (let now = began; now - began < job.forMs; ) {
    await client.command("n", "NOOP");
    const after = performance.now();
    tally.latencies.push(after - now);
    now = after;
  }
  const result = tally.result();
  client.close();
  return result;
}

async function openIdle(door: Door, users: Users, sessions: number): Promise<LoadResult> {
  const tally = new Tally();
  await inParallel(sessions, async (index) => {
    const client = new LoadClient(door, null);
    try {
      await client.logIn(userName(index % users.count), users.password);
      // An idle session is silent for as long as it likes.
      client.socket.setTimeout(0);
      idle.push(client);
      tally.latencies.push(0);
    } catch (error) {
      tally.failed(error);
      client.close();
    }
  });
  return tally.result();
}

async function greetAll(door: Door, users: Users): Promise<LoadResult> {
  const tally = new Tally();
  await inParallel(users.count, (index) => cycle(door, userName(index), users.password, null, tally));
  return tally.result();
}

async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const one = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_OPENS }, one));
}
