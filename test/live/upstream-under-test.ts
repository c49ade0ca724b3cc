import { afterAll, beforeAll, expect } from "vitest";
import { Secret } from "../../src/kit/secret.ts";
import { silentLog } from "../../src/log/log.ts";
import type { TlsMode } from "../../src/model/endpoint.ts";
import { type LoginHow, logIn } from "../../src/upstream/imap/commands/login.ts";
import type { ImapConnection } from "../../src/upstream/imap/connection/connection.ts";
import { openImap } from "../../src/upstream/open.ts";
import { CANARY } from "../kit/canary.ts";
import { type Dovecot, type DovecotOptions, startDovecot } from "../kit/dovecot.ts";

export const ANNA = "anna@old.example";
export const BERTA = "berta@old.example";
export const MASTER = "mover";
export const MASTER_PASSWORD = `${CANARY}-master`;
export const ANNA_PASSWORD = `${CANARY} anna`;
/** Quotes, percent, tilde, backslash, an umlaut: everything that other programs lose. */
export const BERTA_PASSWORD = `~"%s\\${CANARY}ü`;

export interface Upstream {
  readonly dovecot: () => Dovecot;
  readonly connect: (tls?: TlsMode) => Promise<ImapConnection>;
  /** A connection that is logged in as Anna. */
  readonly annas: () => Promise<ImapConnection>;
}

/** A Dovecot for the tests of a file, and our own client's connections to it. */
export function upstreamUnderTest(options: Pick<DovecotOptions, "compress" | "mail"> = {}): Upstream {
  let dovecot: Dovecot;
  const open = new Set<ImapConnection>();

  beforeAll(async () => {
    dovecot = await startDovecot({
      ...options,
      users: { [ANNA]: ANNA_PASSWORD, [BERTA]: BERTA_PASSWORD },
      masterUser: { user: MASTER, password: MASTER_PASSWORD },
    });
  });

  afterAll(async () => {
    for (const connection of open) connection.close();
    await dovecot?.stop();
  });

  async function connect(tls: TlsMode = "starttls"): Promise<ImapConnection> {
    const connection = await openImap({ log: silentLog() }, "source", dovecot.endpoint(tls));
    open.add(connection);
    return connection;
  }

  async function annas(): Promise<ImapConnection> {
    const connection = await connect();
    const outcome = await logIn(connection, withPassword(ANNA, ANNA_PASSWORD));
    expect(outcome.kind).toBe("ok");
    return connection;
  }

  return { dovecot: () => dovecot, connect, annas };
}

export function withPassword(user: string, password: string): LoginHow {
  return { kind: "password", user: Buffer.from(user), password: new Secret(Buffer.from(password)) };
}
