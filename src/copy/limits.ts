/** Every bound of the copier, with its reason. The names turn up in errors and logs. */

/** Messages in one MULTIAPPEND: a hundred bring nearly all that a thousand would, and fail together. */
export const BATCH_MESSAGES = 100;
/** Octets in one MULTIAPPEND, or one message: what a target holds in its transaction, and sends back for when one of them is refused. */
export const BATCH_OCTETS = 8 * 1024 * 1024;
/** Messages, and octets, that one intent names: what has to be looked up after a crash at most, twice over. */
export const WAVE_MESSAGES = 1_000;
export const WAVE_OCTETS = 64 * 1024 * 1024;
/** A wave takes about so long where the source is slow: below 16 MB/s, where one more wave in four seconds costs nothing. */
export const WAVE_SECONDS = 4;
/** From when on it is known how fast a source is, and what a wave may hold whatever that was: one moment's stand-still must not cut a whole window small. */
export const WAVE_MEASURED_MS = 1_000;
export const WAVE_OCTETS_LEAST = 256 * 1024;
/** Waves of one lane that the target has not answered whole: while one ends the next begins. */
export const WAVES_UNDER_WAY = 2;
/** Commands with many messages, and with one each, that the target has not answered: what hides a round trip, and no more. */
export const COMMANDS_UNANSWERED = 8;
export const MESSAGES_UNANSWERED = 100;
/** Octets of small messages that wait for the target's socket. */
export const WAITING_OCTETS = 512 * 1024;
/** Answered messages are recorded together when this many wait, or for this long: an intent covers them meanwhile. */
export const RECORD_MESSAGES = 400;
export const RECORD_DELAY_MS = 150;

/** UIDs of the first window of INBOX in a first pass: small, so that the newest mail is there a moment after the first login. */
export const FIRST_WINDOW_UIDS = 50;
/** By how much windows grow. */
export const WINDOW_GROWTH = 8;
/** UIDs in a window at most: bounds the memory that a listing takes, and how far arrival order is kept. */
export const WINDOW_UIDS = 6_400;
/** A window may grow beyond that over gaps: UIDs go up to 2^32, and a folder may use few of them. */
export const SPARSE_WINDOW_UIDS = 2 ** 32;
/** A window less full than this has met a gap. */
export const SPARSE_SHARE = 1 / 4;

/** A folder that was never copied whole is looked at before it is copied, for messages that have moved into it, while it holds no more than this. */
export const SWEEP_MESSAGES = 20_000;
/** How often the source's answering time is taken while a copy lasts. */
export const LATENCY_EVERY_MS = 5_000;

/** A further pair of connections is opened for this much that is new, in more than one folder: its logins cost a moment too. */
export const LANE_FROM_MESSAGES = 200;
export const LANE_FROM_OCTETS = 8 * 1024 * 1024;
/** A folder with this many messages left to look at is shared with lanes that have nothing else to do. */
export const SHARE_FROM_MESSAGES = 5_000;

/** UIDs in one STORE or FETCH by name: keeps the command line below the 8,000 octets that servers grant (RFC 9051 §4). */
export const UIDS_A_COMMAND = 500;

/**
 * How long the target folder must not have changed before an unfinished batch is looked for: a server goes on storing what a
 * dead connection has left in its buffers.
 */
export const QUIET_MS = 2_000;
/**
 * The same after the end of a process: its target may stand still for longer than a moment, with whole messages in its buffers, and nothing tells
 * whether it does. One that wakes up later than this, with the folder at rest meanwhile, stores messages that have been sent again.
 */
export const QUIET_AFTER_DEATH_MS = 10_000;
/**
 * How long the target may hold a connection of a dead process: the kernel keeps its orphans for 60 s (tcp_fin_timeout), and longer only where the
 * target's kernel does not take what was sent, or is this one.
 */
export const ORPHAN_LIMIT_MS = 90_000;
/** Readings of the folder, and of the kernel, within that time. */
export const QUIET_READING_MS = 250;
/** A folder that changes for longer than this has another writer; the next turn tries again. */
export const QUIET_LIMIT_MS = 120_000;

/** Tries of a message that comes last before a connection breaks, alone in its batch, until it counts as the cause. */
export const BREAKING_TRIES = 3;
/** Broken connections in a row with nothing recorded between them until the pass ends: finding one message among a hundred takes fewer. */
export const BREAKS_IN_A_ROW = 20;
/** Messages in a row that the target puts off until the pass ends: it has trouble, not the messages. */
export const POSTPONED_IN_A_ROW = 20;

/** A lease outlives its worker by this at most, and a busy event loop by the same. */
export const LEASE_MS = 60_000;
export const LEASE_RENEWAL_MS = 15_000;
/** With less than this left of a lease nothing is sent before it is renewed: what is on its way must arrive before another worker looks. */
export const LEASE_SAFETY_MS = 15_000;

/** Accounts that one process copies at the same time: one thread carries them all. */
export const ACCOUNTS_AT_ONCE = 16;
/** Leases that one process holds, those included whose turn waits for a connection. */
export const LEASES_HELD = 128;
/** Accounts under lease for each connection that their source grants: one is copied, the other stands next in line. */
export const TURNS_A_CONNECTION = 2;
/** How often the queue is looked at when nobody wakes the worker. */
export const QUEUE_TICK_MS = 1_000;
/** The same complaint about the queue is made again after this. */
export const COMPLAINT_MS = 60_000;

/** Waits after a pass that failed. A person who has just logged in waits behind the first of them. */
export const RETRY = { firstMs: 3_000, limitMs: 15 * 60_000 } as const;
/** Failed turns in a row before an account asks for attention because a server cannot be reached. */
export const TURNS_BEFORE_ATTENTION = 3;

/** The display is written at most this often. */
export const PROGRESS_WRITE_MS = 250;

/** How long after the first login the target may not know the account yet, and how often it is asked meanwhile. */
export const SETTLING_MS = 10_000;
export const SETTLING_EVERY_MS = 500;
