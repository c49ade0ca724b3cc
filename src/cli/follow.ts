import { type Clock, systemClock } from "../kit/clock.ts";
import { sleep } from "../kit/deadline.ts";
import type { Account } from "../model/account.ts";
import { counted } from "./counted.ts";
import type { Output } from "./output.ts";
import { plainLine, renderBars } from "./progress-bars.ts";
import { RateMeter } from "./rate-meter.ts";

const TERMINAL_INTERVAL_MS = 250;
const OTHER_INTERVAL_MS = 1000;
/** Looking takes at most one part in this many of the time, however many accounts there are. */
const LEISURE = 10;

export interface FollowOptions {
  /** Ends the display, with a last picture. */
  readonly until: (accounts: readonly Account[]) => boolean;
  readonly signal: AbortSignal;
  /** JSON documents for programs, one a line, instead of a picture. */
  readonly json?: boolean;
  readonly clock?: Clock;
  /** Between two looks; default by the kind of output. */
  readonly intervalMs?: number;
}

/**
 * Shows how the copies go until `until` says so or the signal aborts: bars that are drawn again and again on a terminal, a line for each step elsewhere,
 * and with `json` an account a line (NDJSON) each time its counts or state have changed.
 * @param look reads the accounts anew
 */
export async function followProgress(
  out: Output,
  look: () => Promise<readonly Account[]>,
  options: FollowOptions,
): Promise<void> {
  const clock = options.clock ?? systemClock;
  const rates = new RateMeter();
  const draw = options.json ? documents(out, rates) : out.isTty ? screen(out, rates) : plain(out, rates);
  const isScreen = out.isTty && !options.json;
  const intervalMs = options.intervalMs ?? (isScreen ? TERMINAL_INTERVAL_MS : OTHER_INTERVAL_MS);
  let isSilenceSaid = false;
  while (!options.signal.aborted) {
    const began = clock.now();
    const accounts = await look();
    const silence: string | null = isSilenceSaid ? null : reasonOfSilence(accounts, isScreen);
    if (silence !== null) out.note(silence);
    isSilenceSaid ||= silence !== null;
    const now = clock.now();
    for (const account of accounts) rates.note(account, now);
    draw(accounts, now);
    await out.drained();
    if (options.until(accounts)) return;
    await sleep(Math.max(intervalMs, (now - began) * LEISURE), options.signal).catch(() => undefined);
  }
}

/** Where nothing is shown, silence would look like a program that hangs. */
function reasonOfSilence(accounts: readonly Account[], isScreen: boolean): string | null {
  if (accounts.length === 0) return "There is no account yet; those that come are shown.";
  // The picture of a screen counts those that wait.
  if (isScreen || accounts.some(({ state }) => state !== "waiting")) return null;
  return `${counted(accounts.length, "account")}, whose users have not logged in yet: what begins is shown.`;
}

type Draw = (accounts: readonly Account[], now: number) => void;

/** Draws over its last picture: ECMA-48 cursor up, and erase to the end of the screen. */
function screen(out: Output, rates: RateMeter): Draw {
  let drawn = 0;
  return (accounts) => {
    const picture = renderBars(accounts, rates, {
      // A line that fills the last column would wrap on some terminals.
      columns: Math.max(20, out.columns - 1),
      // The cursor stands on a line of its own below the picture.
      lines: Math.max(2, out.lines - 1),
      paint: (colour, text) => out.colour(colour, text),
    });
    const back = drawn > 0 ? `\u001b[${drawn}A\r\u001b[0J` : "";
    out.write(`${back}${picture.join("\n")}\n`);
    drawn = picture.length;
  };
}

/** A line when an account comes into another state, waits for something else, or is ten percent further. */
function plain(out: Output, rates: RateMeter): Draw {
  const said = new Map<string, string>();
  return (accounts) => {
    for (const account of accounts) {
      if (account.state === "waiting") continue;
      const step = `${account.state} ${Math.floor(rates.fraction(account) * 10)} ${account.message ?? ""}`;
      if (said.get(account.address) === step) continue;
      said.set(account.address, step);
      out.line(plainLine(account, rates));
    }
  };
}

/** The account as `users show --json` gives it, with what can be told of its way: fraction from 0 to 1, rates, seconds left. */
function documents(out: Output, rates: RateMeter): Draw {
  const said = new Map<string, string>();
  return (accounts, now) => {
    for (const account of accounts) {
      if (account.state === "waiting") continue;
      // A pass that changes nothing else is no news.
      const step = JSON.stringify({ ...account, lastPassAt: null });
      if (said.get(account.address) === step) continue;
      said.set(account.address, step);
      const isUnderWay = account.state === "copying";
      const way = {
        at: new Date(now).toISOString(),
        fraction: rates.fraction(account),
        rate: isUnderWay ? rates.rate(account.address) : null,
        secondsLeft: isUnderWay ? rates.secondsLeft(account) : null,
      };
      out.line(JSON.stringify({ ...account, ...way }));
    }
  };
}
