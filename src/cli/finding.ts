import type { Cell, Colour } from "./output.ts";

/** One thing that `imbarco check` has looked at. */
export interface Finding {
  /** What was tried: `certificate`, `store`, `target`, `source`, … */
  readonly check: string;
  /** On which file, server or account. */
  readonly subject: string;
  readonly status: "ok" | "warn" | "fail";
  /** What was found, and what to do where it is not ok. */
  readonly message: string;
}

const COLOURS: Record<Finding["status"], Colour> = { ok: "green", warn: "yellow", fail: "red" };

export function findingRow(finding: Finding): Cell[] {
  return [
    { text: finding.status, colour: COLOURS[finding.status] },
    finding.check,
    finding.subject,
    finding.message,
  ];
}

/** Findings of one check, by subject: `report.ok("host:143", "…")`. */
export interface Report {
  ok(subject: string, message: string): void;
  warn(subject: string, message: string): void;
  fail(subject: string, message: string): void;
}

/** A report whose findings are appended to `findings`. */
export function reportTo(findings: Finding[], check: string): Report {
  const add = (status: Finding["status"]) => (subject: string, message: string) => {
    findings.push({ check, subject, status, message });
  };
  return { ok: add("ok"), warn: add("warn"), fail: add("fail") };
}
