const UNITS = ["B", "KB", "MB", "GB", "TB"] as const;

/** Octets for people: `3.4 MB`. */
export function sizeText(octets: number): string {
  const unit = unitOf(octets);
  return `${inUnit(octets, unit)} ${UNITS[unit]}`;
}

/** A part of a number of octets, both in the unit of the whole: `1.2/3.4 MB`. */
export function shareText(part: number, whole: number): string {
  const unit = unitOf(whole);
  return `${inUnit(Math.min(part, whole), unit)}/${inUnit(whole, unit)} ${UNITS[unit]}`;
}

/**
 * A time that is an estimate, so much of it as can be known, rounded up: `45 s`, `3:05`, `12 min`, `2 h 05 min`, `3 days`. Never nothing: what is
 * not over needs a second at least.
 */
export function timeLeftText(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds));
  if (whole <= 55) return `${whole} s`;
  const two = (number: number) => String(number).padStart(2, "0");
  if (whole < 600) {
    const rounded = Math.ceil(whole / 5) * 5;
    return `${Math.floor(rounded / 60)}:${two(rounded % 60)}`;
  }
  const minutes = Math.ceil(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${two(minutes % 60)} min` : `${Math.ceil(hours / 24)} days`;
}

/** How long something has lasted, its two largest units: `45 s`, `3 min 05 s`, `2 h 05 min`, `3 days 4 h`. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number: number) => String(number).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const hours = Math.floor(whole / 3_600);
  if (hours < 48) return `${hours} h ${two(Math.floor((whole % 3_600) / 60))} min`;
  return `${Math.floor(hours / 24)} days ${hours % 24} h`;
}

function unitOf(octets: number): number {
  let unit = 0;
  // What would be shown as 1000 of one unit is 1.0 of the next.
  for (let amount = octets; amount >= 999.5 && unit < UNITS.length - 1; amount /= 1000) unit += 1;
  return unit;
}

function inUnit(octets: number, unit: number): string {
  const amount = Math.max(0, octets) / 1000 ** unit;
  return unit === 0 || amount >= 99.95 ? String(Math.round(amount)) : amount.toFixed(1);
}
