import { printable } from "../kit/text.ts";
import { Failure } from "../model/failure.ts";
import { folderKey } from "../model/folder.ts";
import type { FolderPlan } from "../model/folder-plan.ts";
import type { FolderName } from "../model/ledger.ts";
import { createFolder } from "../upstream/imap/create.ts";
import { CommandRefusedError } from "../upstream/imap/refusal.ts";
import { subscribeFolder } from "../upstream/imap/subscribe.ts";
import { inFlight } from "./in-flight.ts";
import { FolderTroubleError, folderTroubleOf, type Pass } from "./pass.ts";

type Outcome = "created" | "exists" | CommandRefusedError;

/** What is being made on the target now, by key: two folders that a rule sends to one place make it once. */
type UnderWay = Map<string, Promise<Outcome>>;

/**
 * Makes the plan come true: CREATEs of one group and all SUBSCRIBEs are pipelined. A folder for which the target takes no name is a trouble of the pass;
 * the others get their places.
 */
export async function placeFolders(
  pass: Pass,
  plan: FolderPlan,
  isSubscribed: (source: FolderName) => boolean,
): Promise<void> {
  const toSubscribe = new Set<FolderName>();
  for (const group of plan.groups()) {
    const underWay: UnderWay = new Map();
    await inFlight(group, async ({ name }) => {
      pass.checkpoint();
      try {
        const target = await place(pass, plan, name, underWay);
        await putNewHead(pass, name, target);
        if (isSubscribed(name)) toSubscribe.add(target);
      } catch (error) {
        const trouble = folderTroubleOf(error);
        if (trouble === null) throw error;
        pass.troubles.push(trouble);
      }
    });
  }
  pass.inBackground(inFlight([...toSubscribe], (target) => subscribe(pass, target)));
}

/** The ledger's head of a folder that has not been opened yet. */
export async function putNewHead(pass: Pass, source: FolderName, target: FolderName): Promise<void> {
  await pass.ledger.putHead({
    source,
    // No server has a UIDVALIDITY of 0 (RFC 9051 §9): not opened yet.
    sourceUidValidity: 0,
    sourceUidNext: null,
    sourceMessages: null,
    sourceHighestModSeq: null,
    target,
    targetUidValidity: null,
  });
}

async function place(
  pass: Pass,
  plan: FolderPlan,
  source: FolderName,
  underWay: UnderWay,
): Promise<FolderName> {
  let refusal = "";
  for (let attempt = plan.next(source); attempt !== null; attempt = plan.next(source)) {
    const { name, exists } = attempt;
    const outcome = exists ? "created" : await createOnce(pass, plan, source, name, underWay);
    // One that exists and was not listed is another folder in this server's eyes: it may take case for nothing.
    if (outcome === "created" || (outcome === "exists" && plan.isListed(name))) {
      plan.settles(source, name);
      return name;
    }
    plan.fails(source, name);
    if (outcome !== "exists") refusal = outcome.text;
  }
  throw new FolderTroubleError(
    new Failure(
      "target-protocol",
      `the target does not take the folder "${printable(source)}" of ${pass.account.address} under any name: ${printable(refusal)}`,
    ),
  );
}

function createOnce(
  pass: Pass,
  plan: FolderPlan,
  source: FolderName,
  name: FolderName,
  underWay: UnderWay,
): Promise<Outcome> {
  const key = folderKey(name);
  const present = underWay.get(key);
  if (present !== undefined) return present;
  const use = pass.target.has("CREATE-SPECIAL-USE") ? plan.useToMake(source) : null;
  const outcome = create(pass, name, use ?? undefined);
  underWay.set(key, outcome);
  return outcome;
}

async function create(pass: Pass, name: FolderName, use: string | undefined): Promise<Outcome> {
  try {
    return await createFolder(pass.target, name, use);
  } catch (error) {
    if (!(error instanceof CommandRefusedError)) throw error;
    // RFC 6154 §3: the use may be what it refuses.
    return use === undefined ? error : await create(pass, name, undefined);
  }
}

/** Only when the folder is new to us: later the person may have unsubscribed on the target. */
async function subscribe(pass: Pass, target: FolderName): Promise<void> {
  try {
    await subscribeFolder(pass.target, target);
  } catch (error) {
    if (!(error instanceof CommandRefusedError)) throw error;
    pass.deps.log.warn(
      { event: "copy.folder", ...pass.logFields, folder: printable(target) },
      `the target does not subscribe the folder: ${printable(error.text)}`,
    );
  }
}
