/** Every bound of the governor, with its reason. */

/** A permit outlives its process by this at most. */
export const PERMIT_MS = 60_000;
export const PERMIT_RENEWAL_MS = 15_000;
/** Whoever waits for a connection looks this often whether another process has freed one. */
export const PERMIT_POLL_MS = 250;
/** Processes of this machine that ended without a word are looked for this often while somebody waits. */
export const DEAD_LOOK_MS = 5_000;
/** How long what the store said of a source counts as known. */
export const FRESH_MS = 500;
/** How long a copier stays away that gave the source's only connection to a login: a login takes a second or less. */
export const STEP_ASIDE_MS = 3_000;
/** Waits that end together do not come back together: spread over this share of the wait, upwards. */
export const SPREAD = 0.1;
/** When an account is due again whose source lets nobody in: the worker passes over it until the source does. */
export const PASSED_OVER_MS = 2_000;
/** Accounts whose asked-for waits are remembered; far more than one process ever copies at a time. */
export const WAITS_KEPT = 10_000;
/** How much is asked for at once under a cap: kernels keep all of it at hand before anybody reads, so it is the longest burst. */
export const PORTION_SECONDS = 2;
