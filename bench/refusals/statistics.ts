/** The value below which this share of the sorted samples lies, between two of them where need be. */
export function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

export interface Quartiles {
  readonly lower: number;
  readonly median: number;
  readonly upper: number;
}

export function quartiles(samples: readonly number[]): Quartiles {
  const sorted = samples.toSorted((a, b) => a - b);
  return { lower: quantile(sorted, 0.25), median: quantile(sorted, 0.5), upper: quantile(sorted, 0.75) };
}

/** How far two samples are from being drawn from one distribution. */
export interface KolmogorovSmirnov {
  /** The largest distance between the two empirical distributions, 0 to 1. */
  readonly distance: number;
  /** How likely a distance as large is where there is no difference. */
  readonly probability: number;
}

/** The two-sample Kolmogorov-Smirnov test, by the asymptotic distribution with Stephens' correction (good from 20 samples on). */
export function kolmogorovSmirnov(first: readonly number[], second: readonly number[]): KolmogorovSmirnov {
  const a = first.toSorted((x, y) => x - y);
  const b = second.toSorted((x, y) => x - y);
  let [i, j, distance] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const at = Math.min(a[i] ?? 0, b[j] ?? 0);
    while (i < a.length && (a[i] ?? 0) <= at) i += 1;
    while (j < b.length && (b[j] ?? 0) <= at) j += 1;
    distance = Math.max(distance, Math.abs(i / a.length - j / b.length));
  }
  const root = Math.sqrt((a.length * b.length) / (a.length + b.length));
  return { distance, probability: tail((root + 0.12 + 0.11 / root) * distance) };
}

/** 2 Σ (-1)^(k-1) e^(-2k²λ²). */
function tail(lambda: number): number {
  if (lambda < 0.2) return 1; // the series does not converge there, and the value is 1 to ten digits
  let sum = 0;
  for (let k = 1; k <= 100; k += 1) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * lambda * lambda);
  return Math.min(1, Math.max(0, sum));
}

/** Below this the two are said to differ. Several states are measured in one run, and one in a hundred would differ by chance. */
const LEAST_PROBABILITY = 0.001;

/** Whether an attacker with these samples could tell the two apart. */
export function areAlike({ probability }: KolmogorovSmirnov): boolean {
  return probability >= LEAST_PROBABILITY;
}
