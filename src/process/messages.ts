import { PROTOCOLS } from "../model/protocol.ts";
import type { SessionFilter, SessionInfo } from "../model/session-info.ts";
import type { Job, Plan } from "./jobs.ts";
import type { Present } from "./presence.ts";

/**
 * Which messages both sides know. During a restart the supervisor is of another version than the processes it starts: where the numbers
 * differ they refuse, and the old ones stay.
 */
export const MESSAGES_VERSION = 1;

/** From the supervisor to a process, which has said `hello` first. No secret is ever in a message: each process reads the files that hold them itself. */
export type ToProcess =
  | Order
  /** `handedOver`: others serve already, so nobody needs to be sent away. */
  | { readonly kind: "stop"; readonly handedOver: boolean }
  /** `ping`: to be answered at once. */
  | { readonly kind: "reload" | "wake" | "ping" }
  | { readonly kind: "opened" | "closed"; readonly accounts: readonly Present[] }
  /** Which kinds of process are at work. */
  | { readonly kind: "crew"; readonly ready: Readonly<Record<string, boolean>> }
  | { readonly kind: "ask"; readonly id: number; readonly question: Question };

export type WorkOrder = Extract<Order, { kind: "work" }>;

/** The first message: what the process is for. `plan`: only to say what the configuration asks for. */
export type Order =
  | {
      readonly kind: "work";
      readonly job: Job;
      readonly number: number;
      readonly proxies: number;
      readonly configuration: string;
      /** As it was when it was last checked. */
      readonly written: object;
      /** Whether that was just now; else file and code may have changed since, and it is checked anew. */
      readonly isFresh: boolean;
    }
  | { readonly kind: "plan"; readonly configuration: string };

/** What is asked about sessions: which there are, or to end them. */
export interface Question {
  readonly does: "list" | "kick";
  readonly filter: SessionFilter;
}

/** From a process to the supervisor. */
export type ToSupervisor =
  | { readonly kind: "hello"; readonly version: number }
  | { readonly kind: "planned"; readonly plan: Plan }
  | { readonly kind: "ready" | "wake" | "pong" }
  | ({ readonly kind: "failed" } & Complaint)
  | { readonly kind: "opened" | "closed"; readonly account: string }
  | { readonly kind: "reloaded"; readonly logLevel: string }
  | {
      readonly kind: "answer";
      readonly id: number;
      readonly sessions: readonly SessionInfo[];
      readonly last: boolean;
    };

/** Why a process could not start, as a command would say it. */
export interface Complaint {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly exitStatus: 1 | 2;
}

/** Sessions in one message or line: some ten kilobytes. */
export const SESSIONS_AT_ONCE = 100;
/** Accounts in one message to a copier that has just begun. */
export const ACCOUNTS_AT_ONCE = 500;
const LONGEST = { address: 320, text: 64_000, path: 4_096 };

/** A message that came from the supervisor; `null` where it is none that is known. */
export function readToProcess(value: unknown): ToProcess | null {
  if (!isRecord(value)) return null;
  switch (value["kind"]) {
    case "work":
      return isJob(value["job"]) &&
        areCounts(value["number"], value["proxies"]) &&
        isText(value["configuration"], LONGEST.path) &&
        isRecord(value["written"]) &&
        typeof value["isFresh"] === "boolean"
        ? (value as ToProcess)
        : null;
    case "plan":
      return isText(value["configuration"], LONGEST.path) ? (value as ToProcess) : null;
    case "stop":
      return typeof value["handedOver"] === "boolean" ? (value as ToProcess) : null;
    case "reload":
    case "wake":
    case "ping":
      return value as ToProcess;
    case "opened":
    case "closed":
      return isListOf(value["accounts"], ACCOUNTS_AT_ONCE, isPresent) ? (value as ToProcess) : null;
    case "crew":
      return isRecord(value["ready"]) ? (value as ToProcess) : null;
    case "ask":
      return isCount(value["id"]) && isQuestion(value["question"]) ? (value as ToProcess) : null;
    default:
      return null;
  }
}

/** A message that came from a process; `null` where it is none that is known. */
export function readToSupervisor(value: unknown): ToSupervisor | null {
  if (!isRecord(value)) return null;
  switch (value["kind"]) {
    case "hello":
      return isCount(value["version"]) ? (value as ToSupervisor) : null;
    case "planned":
      return isPlan(value["plan"]) ? (value as ToSupervisor) : null;
    case "ready":
    case "wake":
    case "pong":
      return value as ToSupervisor;
    case "failed":
      return isComplaint(value) ? (value as ToSupervisor) : null;
    case "opened":
    case "closed":
      return isText(value["account"], LONGEST.address) ? (value as ToSupervisor) : null;
    case "reloaded":
      return isText(value["logLevel"], LONGEST.address) ? (value as ToSupervisor) : null;
    case "answer":
      return isCount(value["id"]) &&
        typeof value["last"] === "boolean" &&
        isListOf(value["sessions"], SESSIONS_AT_ONCE, isSessionInfo)
        ? (value as ToSupervisor)
        : null;
    default:
      return null;
  }
}

/** Whether a value from outside is a question about sessions. */
export function isQuestion(value: unknown): value is Question {
  if (!isRecord(value) || !isRecord(value["filter"])) return false;
  if (value["does"] !== "list" && value["does"] !== "kick") return false;
  return Object.entries(value["filter"]).every(
    ([name, text]) => ["id", "account", "domain"].includes(name) && isText(text, LONGEST.address),
  );
}

/** Whether a value from outside describes a session. */
export function isSessionInfo(value: unknown): value is SessionInfo {
  if (!isRecord(value) || !isRecord(value["client"])) return false;
  const { id, protocol, account, client, openedAt, seconds, toTarget, toClient, pid } = value;
  return (
    isText(id, LONGEST.address) &&
    PROTOCOLS.some((name) => name === protocol) &&
    (account === null || isText(account, LONGEST.address)) &&
    isText(client["address"], LONGEST.address) &&
    isText(openedAt, LONGEST.address) &&
    typeof seconds === "number" &&
    areCounts(client["port"], toTarget, toClient, pid)
  );
}

function isPlan(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { configuration, proxies, copiers, admins, drainMs, dataDir, logLevel, written } = value;
  return (
    areCounts(proxies, copiers, admins, drainMs) &&
    isText(configuration, LONGEST.path) &&
    isText(dataDir, LONGEST.path) &&
    isText(logLevel, LONGEST.address) &&
    isRecord(written)
  );
}

function isComplaint({ code, message, hint, exitStatus }: Record<string, unknown>): boolean {
  return (
    isText(code, LONGEST.address) &&
    isText(message, LONGEST.text) &&
    (hint === null || isText(hint, LONGEST.text)) &&
    (exitStatus === 1 || exitStatus === 2)
  );
}

function isJob(value: unknown): value is Job {
  return value === "proxy" || value === "copier" || value === "admin";
}

function isPresent(value: unknown): value is Present {
  return Array.isArray(value) && value.length === 2 && isText(value[0], LONGEST.address) && isCount(value[1]);
}

function isListOf(value: unknown, most: number, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= most && value.every(isItem);
}

function areCounts(...values: unknown[]): boolean {
  return values.every(isCount);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === "string" && value.length <= longest;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
