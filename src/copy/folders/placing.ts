import { printable } from "../../kit/text.ts";
import { Failure } from "../../model/failure.ts";
import { folderKey } from "../../model/folder.ts";
import type { FolderPlan } from "../../model/folder-plan.ts";
import type { FolderName } from "../../model/ledger.ts";
import { createFolder } from "../../upstream/imap/commands/create.ts";
import { subscribeFolder } from "../../upstream/imap/commands/subscribe.ts";
import { CommandRefusedError } from "../../upstream/imap/refusal.ts";
import { FolderTroubleError, folderTroubleOf, type Pass } from "../pass.ts";
import { inFlight } from "../sending/in-flight.ts";

type Outcome = "created" | "exists" | CommandRefusedError;

/** What is being made on the target now, by key: two folders that a rule sends to one place make it once. */
type UnderWay = Map<string, Promise<Outcome>>;

/** Where a source folder goes. */
interface Place {
  readonly source: FolderName;
  readonly target: FolderName;
}

/**
 * Makes the plan come true. Nearly always the target takes every name, so all CREATEs go out one behind the other, parents first, in one round trip; what it
 * does not take is then placed step by step. A folder for which it takes no name is a trouble of the pass; the others get their places.
 * @param planOf the plan with these places given already, besides those of the ledger
 */
export async function placeFolders(
  pass: Pass,
  planOf: (given: readonly Place[]) => FolderPlan,
  isSubscribed: (source: FolderName) => boolean,
): Promise<void> {
  const toSubscribe = new Set<FolderName>();
  const settle = async ({ source, target }: Place) => {
    await putNewHead(pass, source, target);
    if (isSubscribed(source)) toSubscribe.add(target);
  };
  const given = await placeAtOnce(pass, planOf([]));
  for (const place of given) await settle(place);
  const plan = planOf(given);
  for (const group of plan.groups()) {
    const underWay: UnderWay = new Map();
    await inFlight(group, async ({ name }) => {
      pass.checkpoint();
      try {
        await settle({ source: name, target: await place(pass, plan, name, underWay) });
      } catch (error) {
        const trouble = folderTroubleOf(error);
        if (trouble === null) throw error;
        pass.troubles.push(trouble);
      }
    });
  }
  pass.background.addRepeatable(() => inFlight([...toSubscribe], (target) => subscribe(pass, target)));
}

/** Gives every folder the first place of the plan; those that the target takes, and whose parents it takes too. */
async function placeAtOnce(pass: Pass, plan: FolderPlan): Promise<Place[]> {
  const underWay: UnderWay = new Map();
  const assumed: (Place & { readonly wasListed: boolean })[] = [];
  const attempts = plan.groups().flatMap((group) =>
    group.flatMap(({ name: source }) => {
      const attempt = plan.next(source);
      if (attempt === null) return [];
      const { name: target, exists } = attempt;
      const wasListed = plan.isListed(target);
      plan.settles(source, target);
      assumed.push({ source, target, wasListed });
      return [{ source, target, exists }];
    }),
  );
  const outcomes = await inFlight(attempts, async ({ source, target, exists }) =>
    exists ? "created" : await createOnce(pass, plan, source, target, underWay),
  );
  const isTaken = ({ wasListed }: { wasListed: boolean }, outcome: Outcome | undefined) =>
    outcome === "created" || (outcome === "exists" && wasListed);
  const refused = assumed.filter((one, at) => !isTaken(one, outcomes[at])).map(({ target }) => target);
  const isBelowRefused = (target: FolderName) => refused.some((parent) => plan.isAtOrBelow(target, parent));
  return assumed.filter(({ target }) => !isBelowRefused(target));
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
