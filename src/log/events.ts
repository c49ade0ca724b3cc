/**
 * The stable names in the field `event` of every log line: what other programs may filter by. Those of the contract first,
 * then the ones that only concern the program itself.
 */
export const EVENTS = [
  "login.ok",
  "login.failed",
  "login.unavailable",
  "capture",
  "provision.ok",
  "provision.failed",
  "copy.start",
  "copy.folder",
  "copy.done",
  "copy.failed",
  "sync.done",
  "account.attention",
  "domain.finalized",
  "session.open",
  "session.close",
  "serve.start",
  "serve.ready",
  "serve.drain",
  "serve.stop",
  "serve.reload",
  "listener.error",
  "worker.error",
  "configuration.warning",
] as const;

export type EventName = (typeof EVENTS)[number];
