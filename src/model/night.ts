/** Other limits for a part of each day: the copier may take more of the old server while nobody works. */
export interface NightProfile {
  /** Minutes after midnight on the clock of `timeZone`; `from` after `to` spans midnight. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** IANA name such as `Europe/Rome`. */
  readonly timeZone: string;
  /** `null` = as by day. */
  readonly connectionsPerSource: number | null;
  /** Octets; `null` = no cap; `"as by day"` where the night says nothing about it. */
  readonly bytesPerSecond: number | null | "as by day";
}

/** What the copier may take of one source host. */
export interface SourceLimits {
  readonly connectionsPerSource: number;
  /** Octets; `null` = no cap. */
  readonly bytesPerSecond: number | null;
}

/** What holds at `now` (milliseconds since 1970): the day's limits, or the night's where the wall clock there says so. */
export function limitsAt(day: SourceLimits, night: NightProfile | null, now: number): SourceLimits {
  if (night === null || !isNight(night, now)) return day;
  return {
    connectionsPerSource: night.connectionsPerSource ?? day.connectionsPerSource,
    bytesPerSecond: night.bytesPerSecond === "as by day" ? day.bytesPerSecond : night.bytesPerSecond,
  };
}

/**
 * Whether the wall clock stands inside the night: its first minute is in, its last is not. Goes by what the clock shows, so a night is an hour shorter or
 * longer when the clocks change, and an hour that comes twice counts twice.
 */
export function isNight(night: NightProfile, now: number): boolean {
  const minute = minuteOfDay(night.timeZone, now);
  const { fromMinute, toMinute } = night;
  return fromMinute < toMinute
    ? minute >= fromMinute && minute < toMinute
    : minute >= fromMinute || minute < toMinute;
}

/** Whether this machine knows a time zone of that name. */
export function isTimeZone(name: string): boolean {
  try {
    clockOf(name);
    return true;
  } catch {
    return false;
  }
}

function minuteOfDay(timeZone: string, now: number): number {
  const [hour = "0", minute = "0"] = clockOf(timeZone).format(now).split(":");
  return Number(hour) * 60 + Number(minute);
}

/** Formatters are costly to make, and there is one zone. */
const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(timeZone: string): Intl.DateTimeFormat {
  let clock = clocks.get(timeZone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat("en-GB", {
      timeZone,
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
    clocks.set(timeZone, clock);
  }
  return clock;
}
