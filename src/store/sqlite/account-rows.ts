import {
  ACCOUNT_STATES,
  type Account,
  type AccountStanding,
  ATTENTION_REASONS,
  type Progress,
} from "../../model/account.ts";
import { number, numberOrNull, type Row, text, textOrNull, word, wordOrNull } from "./rows.ts";

/** The columns that hold an account's progress, by the names of the model. */
export const PROGRESS_COLUMNS: Readonly<Record<keyof Progress, string>> = {
  foldersTotal: "folders_total",
  foldersDone: "folders_done",
  messagesTotal: "messages_total",
  messagesCopied: "messages_copied",
  bytesTotal: "bytes_total",
  bytesCopied: "bytes_copied",
  quarantined: "quarantined",
};

/** A row of the table `account` as the model's account. */
export function accountOfRow(row: Row): Account {
  return {
    address: text(row, "address"),
    domain: text(row, "domain"),
    state: word(row, "state", ACCOUNT_STATES),
    reason: wordOrNull(row, "reason", ATTENTION_REASONS),
    message: textOrNull(row, "message"),
    sourceLogin: textOrNull(row, "source_login"),
    createdAt: text(row, "created_at"),
    firstLoginAt: textOrNull(row, "first_login_at"),
    copyStartedAt: textOrNull(row, "copy_started_at"),
    syncedAt: textOrNull(row, "synced_at"),
    lastPassAt: textOrNull(row, "last_pass_at"),
    foldersTotal: numberOrNull(row, "folders_total"),
    foldersDone: numberOrNull(row, "folders_done"),
    messagesTotal: numberOrNull(row, "messages_total"),
    messagesCopied: numberOrNull(row, "messages_copied"),
    bytesTotal: numberOrNull(row, "bytes_total"),
    bytesCopied: numberOrNull(row, "bytes_copied"),
    quarantined: number(row, "quarantined"),
    failedLogins: number(row, "failed_logins"),
    lastFailedLoginAt: textOrNull(row, "last_failed_login_at"),
  };
}

/** The part of the row that the state machine moves. */
export function standingOfRow(row: Row): AccountStanding {
  return {
    state: word(row, "state", ACCOUNT_STATES),
    formerState: wordOrNull(row, "former_state", ACCOUNT_STATES),
    reason: wordOrNull(row, "reason", ATTENTION_REASONS),
    message: textOrNull(row, "message"),
  };
}
