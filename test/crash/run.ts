/**
 * The long form of the crash test: `npm run test:crash -- [--breaks 300] [--seed N]`. Two thirds of the breaks against a target of today, one third against
 * one without UIDPLUS, MULTIAPPEND and LITERAL+. Ends with status 1 when the two sides differ.
 */
import { parseArgs } from "node:util";
import { crashRun } from "./crash-run.ts";

const SIZE = { messages: 6_000, largeMegabytes: [10, 12, 18, 24, 30] };

const { values } = parseArgs({
  options: { breaks: { type: "string", default: "300" }, seed: { type: "string" } },
});
const breaks = Number(values.breaks);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (!Number.isInteger(breaks) || breaks < 3 || !Number.isInteger(seed))
  throw new Error("--breaks takes a whole number from 3 on, --seed a whole number");

console.log(`${breaks} breaks, seed ${seed}`);
const old = Math.floor(breaks / 3);
for (const [name, share, oldTarget] of [
  ["a target of today", breaks - old, false],
  ["a target without UIDPLUS, MULTIAPPEND and LITERAL+", old, true],
] as const) {
  console.log(`── ${name}`);
  const result = await crashRun({
    breaks: share,
    seed,
    mailbox: SIZE,
    accounts: 3,
    oldTarget,
    tell: console.log,
  });
  const { kills, cuts, accounts, messages, seconds, differences } = result;
  console.log(
    `${kills} times kill -9, the source's connection cut ${cuts.source} times, the target's ${cuts.target} times, in ${seconds} s`,
  );
  console.log(`${messages} messages in ${accounts} accounts: ${differences.length} differences`);
  for (const difference of differences.slice(0, 50)) console.log(`  ${difference}`);
  if (differences.length > 0) process.exitCode = 1;
}
