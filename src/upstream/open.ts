import type { Log } from "../log/log.ts";
import type { Endpoint } from "../model/endpoint.ts";
import type { ImapConnection } from "./imap/connection.ts";
import type { UpstreamLimits } from "./limits.ts";
import type { Side } from "./side.ts";

export interface OpenOptions {
  readonly signal?: AbortSignal | undefined;
  /** Own address to connect from, where the machine has several. */
  readonly sourceAddress?: string | undefined;
  readonly limits?: Partial<UpstreamLimits> | undefined;
}

export function openImap(_deps: { readonly log: Log }, _side: Side, _endpoint: Endpoint, _options: OpenOptions = {}): Promise<ImapConnection> {
  throw new Error("not yet");
}
