import type { Certificates } from "../../test/kit/certs.ts";
import type { Door, Users } from "./load-job.ts";
import { bareNode } from "./peers/bare-node.ts";
import { direct } from "./peers/direct.ts";
import { dovecot } from "./peers/dovecot.ts";
import { imbarco } from "./peers/imbarco.ts";
import { nginx, nginxLarge } from "./peers/nginx.ts";
import type { Cell } from "./plan.ts";

/** What a contestant finds when it is started. */
export interface Surroundings {
  /** An empty folder of its own. */
  readonly folder: string;
  /** The mail server to lead to, in clear on loopback. */
  readonly stubPort: number;
  readonly certificates: Certificates;
  readonly users: Users;
}

/** A contestant that is up. */
export interface Running {
  /** Whose processor time and memory count; `null` where nothing stands between. */
  readonly pid: number | null;
  readonly plain: Door;
  /** `null` where it speaks no TLS. */
  readonly tls: Door | null;
  stop(): Promise<void>;
}

/** Who takes part. */
export interface Contestant {
  readonly name: string;
  /** What it takes part in; everything where it is not said. */
  readonly kinds?: readonly Cell["kind"][];
  /** Reason why it cannot take part here; `null` = it can. */
  absence(): string | null;
  start(surroundings: Surroundings): Promise<Running>;
}

/** In the order of the table. */
export const CONTESTANTS: readonly Contestant[] = [imbarco, nginx, nginxLarge, dovecot, bareNode, direct];
