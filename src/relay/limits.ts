/** Every bound on a session that has logged in and is passed on unread, with its reason. Milliseconds. */
export const RELAY_LIMITS = {
  /** Silence after which TCP asks whether a peer still lives: an idle mail program is silent for up to half an hour. */
  keepAliveMs: 120_000,
  /** How long one side may take to fetch what is left when the other side is gone. */
  lingerMs: 10_000,
  /** How long a client may keep its side open once the target has ended: some mail programs sleep for hours before they look. */
  halfClosedMs: 60_000,
  /** Silence of the target once the client has ended its side: half an hour, as for a client (RFC 9051 §5.4). It may be searching a cold mailbox, or still be taking what lies before it of an upload. */
  answerSilenceMs: 30 * 60_000,
} as const;
