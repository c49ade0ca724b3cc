import { Command } from "commander";
import { type DnsAnswer, type DnsPlan, type DnsRecord, dnsPlan } from "../cutover/dns.ts";
import { parseDomainName } from "../model/address.ts";
import { NotFoundError } from "../store/store.ts";
import { withApp } from "./context.ts";
import type { Output } from "./output.ts";
import type { Runner } from "./program.ts";

/** `imbarco dns NAME`: what to change at the domain's DNS, beside what it says now. */
export function dnsCommand(run: Runner): Command {
  return new Command("dns").argument("<name>", "the domain").action(
    run(async (context, text: string) => {
      const name = parseDomainName(text);
      const plan = await withApp(context, async (app) => {
        const domain = await app.store.domains.get(name);
        if (!domain)
          throw new NotFoundError(`there is no domain ${name}; "imbarco domain list" shows those there are`);
        return await dnsPlan({ servers: app.config.dns.servers }, domain);
      });
      if (context.json) context.out.json(plan);
      else printPlan(context.out, plan);
    }),
  );
}

function printPlan(out: Output, plan: DnsPlan): void {
  out.line(out.colour("bold", `What the DNS says now about ${plan.domain}`));
  printAnswer(out, "MX", plan.now.mx);
  printAnswer(out, "TXT", plan.now.txt);
  out.line();
  if (plan.done)
    out.line(out.colour("green", "Nothing to change: the domain's mail goes to the new platform."));
  else {
    const unsure = plan.now.mx.kind === "unknown" || plan.now.txt.kind === "unknown";
    if (unsure && plan.remove.length === 0) out.line("Remove: not known while the DNS does not answer");
    else printRecords(out, "Remove", "-", plan.remove);
    printRecords(out, "Add", "+", plan.add);
  }
  if (plan.keep.length > 0 && !plan.done) printRecords(out, "Keep", " ", plan.keep);
  for (const remark of plan.remarks) out.note(remark);
}

function printAnswer(out: Output, type: string, answer: DnsAnswer): void {
  switch (answer.kind) {
    case "records":
      for (const record of answer.records) out.line(`    ${zoneLine(record)}`);
      return;
    case "none":
      out.line(`    (no ${type} record)`);
      return;
    case "unknown":
      out.line(out.colour("yellow", `    (${type}: not known, ${answer.message})`));
      return;
  }
}

function printRecords(out: Output, title: string, mark: string, records: readonly DnsRecord[]): void {
  out.line(out.colour("bold", title));
  if (records.length === 0) out.line("    (nothing)");
  for (const record of records) {
    const line = `  ${mark} ${zoneLine(record)}`;
    out.line(mark === "-" ? out.colour("red", line) : mark === "+" ? out.colour("green", line) : line);
  }
}

/** As it may be pasted into a zone file; control characters of a remote answer are escaped (RFC 1035 §5.1). */
function zoneLine(record: DnsRecord): string {
  return `${record.name} IN ${record.type} ${record.type === "TXT" ? quoted(record.value) : record.value.replace(/[^\x21-\x7e ]/g, "?")}`;
}

/** A character string has at most 255 octets, so a longer text is cut into several (RFC 7208 §3.3). */
function quoted(text: string): string {
  const octets = [...Buffer.from(text, "utf8")].map((octet) => {
    if (octet === 0x22 || octet === 0x5c) return `\\${String.fromCharCode(octet)}`;
    return octet < 0x20 || octet > 0x7e ? `\\${String(octet).padStart(3, "0")}` : String.fromCharCode(octet);
  });
  const pieces: string[] = [];
  for (let at = 0; at < octets.length; at += 255) pieces.push(`"${octets.slice(at, at + 255).join("")}"`);
  return pieces.join(" ") || '""';
}
