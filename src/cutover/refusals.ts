import type { Domain } from "../model/domain.ts";
import type { Store } from "../store/store.ts";
import type { AccountComparison, FolderComparison } from "./comparison.ts";

/** One thing that stands against finalizing. */
export interface Refusal {
  readonly code:
    | "not_enabled"
    | "straggler"
    | "attention"
    | "not_copied"
    | "pass_failed"
    | "not_compared"
    | "different";
  /** `null` where it concerns the whole domain. */
  readonly account: string | null;
  readonly message: string;
}

interface Leave {
  readonly leaveStragglers?: boolean;
  readonly leaveRejected?: boolean;
}

/** What stands against finalizing before anybody asks a server: states that say by themselves that something is missing. */
export async function standingRefusals(
  deps: { readonly store: Store },
  domain: Domain,
  leave: Leave,
): Promise<Refusal[]> {
  if (domain.state === "preparing")
    return [
      {
        code: "not_enabled",
        account: null,
        message: `The migration of ${domain.name} has not begun: see "imbarco domain enable ${domain.name}".`,
      },
    ];
  const reasons: Refusal[] = [];
  for await (const account of deps.store.accounts.list({ domain: domain.name })) {
    const say = (code: Refusal["code"], message: string) =>
      reasons.push({ code, account: account.address, message });
    switch (account.state) {
      case "waiting":
        if (!leave.leaveStragglers) say("straggler", "Its user has not logged in yet.");
        break;
      case "attention":
        if (account.reason === "messages_rejected" && leave.leaveRejected) break;
        say("attention", account.message ?? "It needs a hand.");
        break;
      case "captured":
        say("not_copied", "Its copy has not begun.");
        break;
      case "copying":
        say("not_copied", "Its copy is under way.");
        break;
      case "synced":
      case "finalized":
        break;
    }
  }
  return reasons;
}

/** What a comparison has against finalizing the account. */
export function reasonsAgainst(comparison: AccountComparison, leave: Leave): Refusal[] {
  return comparison.folders.flatMap((folder) => {
    const missing = leave.leaveRejected ? folder.missing - folder.refused : folder.missing;
    if (missing === 0 && folder.differences === 0) return [];
    return [
      {
        code: "different" as const,
        account: comparison.address,
        message: `Folder ${folder.source}: ${sentenceOn(folder, missing)}.`,
      },
    ];
  });
}

function sentenceOn(folder: FolderComparison, missing: number): string {
  const parts: string[] = [];
  if (missing > 0) parts.push(`${messages(missing)} of ${folder.sourceCount} missing on the target`);
  if (folder.refused > 0 && missing >= folder.refused) parts.push(`${folder.refused} of them in quarantine`);
  if (folder.differences > 0) {
    const first = folder.different[0];
    const example = first ? ` (source UID ${first.sourceUid}: ${first.message})` : "";
    parts.push(`${messages(folder.differences)} not the same${example}`);
  }
  return parts.join(", ");
}

function messages(count: number): string {
  return count === 1 ? "1 message" : `${count} messages`;
}
