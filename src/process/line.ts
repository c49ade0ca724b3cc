import cluster from "node:cluster";
import { DeadlineError } from "../kit/deadline.ts";
import {
  MESSAGES_VERSION,
  type Order,
  readToProcess,
  type ToProcess,
  type ToSupervisor,
} from "./messages.ts";

/** A supervisor that is alive answers a greeting at once. */
const ORDER_LIMIT_MS = 60_000;

/** Why a process is to end: others have taken over. The signal aborts with this then. */
export const HANDED_OVER = Symbol("handed over");

/** The line from a process to its supervisor. */
export interface SupervisorLine {
  /** What this process is for. @throws {DeadlineError} when nobody says so */
  readonly order: Promise<Order>;
  /** Aborts when this process is to drain and end: told so, or because the supervisor is no more. */
  readonly stopped: AbortSignal;
  /** Where nobody listens any more, nothing happens. */
  send(message: ToSupervisor): void;
  /** As `send`, and waits until the message has left: for the last one before this process ends. */
  sendLast(message: ToSupervisor): Promise<void>;
  /** Gets every message from now on, and those that came meanwhile; `stop`, `ping` and the order are not among them. */
  hear(listener: (message: ToProcess) => void): void;
}

/** Whether this process was started by a supervisor. */
export function isSupervised(): boolean {
  return cluster.isWorker;
}

/** Greets the supervisor that has started this process. Once only. */
export function callSupervisor(): SupervisorLine {
  const { worker } = cluster;
  const order = Promise.withResolvers<Order>();
  const stopping = new AbortController();
  const waiting: ToProcess[] = [];
  let listener: ((message: ToProcess) => void) | null = null;
  worker?.on("message", (value: unknown) => {
    const message = readToProcess(value);
    if (message?.kind === "work" || message?.kind === "plan") order.resolve(message);
    else if (message?.kind === "stop") stopping.abort(message.handedOver ? HANDED_OVER : undefined);
    // Here, so that a process which still starts or drains answers too.
    else if (message?.kind === "ping") send({ kind: "pong" });
    else if (message && listener) listener(message);
    else if (message) waiting.push(message);
  });
  let isServing = false;
  worker?.once("disconnect", () => {
    // Else node:cluster ends the process at once: right while it serves nobody, and without a supervisor it gets no socket to listen on.
    if (isServing) worker.exitedAfterDisconnect = true;
    stopping.abort();
    order.reject(new Error("the supervisor has ended"));
  });
  const send = (message: ToSupervisor) => {
    if (message.kind === "ready") isServing = true;
    if (worker?.isConnected()) worker.send(message, () => undefined);
  };
  const timer = setTimeout(
    () => order.reject(new DeadlineError("the supervisor's order", ORDER_LIMIT_MS)),
    ORDER_LIMIT_MS,
  );
  order.promise.finally(() => clearTimeout(timer)).catch(() => undefined);
  send({ kind: "hello", version: MESSAGES_VERSION });
  return {
    order: order.promise,
    stopped: stopping.signal,
    send,
    sendLast: (message) =>
      new Promise((resolve) => {
        if (worker?.isConnected()) worker.send(message, () => resolve());
        else resolve();
      }),
    hear: (next) => {
      listener = next;
      for (const message of waiting.splice(0)) next(message);
    },
  };
}
