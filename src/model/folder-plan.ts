import {
  compareNames,
  type FolderFacts,
  folderKey,
  type Hierarchy,
  isInbox,
  isSelectable,
} from "./folder.ts";
import { type FolderRule, hasOwnRule, mappedLevels } from "./folder-map.ts";
import {
  escapeSeparator,
  type KeySet,
  levelsOf,
  nameOf,
  parentOf,
  targetNames,
  translateLeaf,
  translateName,
} from "./folder-names.ts";
import type { FolderName } from "./ledger.ts";
import { type SpecialUse, type SpecialUses, useOfName } from "./special-use.ts";

/** What decides where folders go. */
export interface PlanFacts {
  /** All that is listed at the source, the levels without messages among them. */
  readonly source: readonly FolderFacts[];
  readonly target: readonly FolderFacts[];
  readonly sourceHierarchy: Hierarchy;
  readonly targetHierarchy: Hierarchy;
  readonly sourceUses: SpecialUses;
  readonly targetUses: SpecialUses;
  /** Source folders that are not copied. */
  readonly excluded: ReadonlySet<FolderName>;
  readonly rules: readonly FolderRule[];
  /** Source folders that have their place already, from the ledger. */
  readonly settled: readonly { readonly source: FolderName; readonly target: FolderName }[];
}

/** A place to try. */
export interface Attempt {
  readonly name: FolderName;
  /** It is there and holds messages: nothing is to be made. */
  readonly exists: boolean;
}

/**
 * Where the source folders that have no place yet go on the target. Pure: it says what to try, is told what came of it, and keeps two source folders from ever
 * sharing a target folder, unless a rule of the domain sends one of them there.
 */
export class FolderPlan {
  readonly #facts: PlanFacts;
  /** Folders of the target by key; those that are made join them. */
  readonly #existing: Map<string, { name: FolderName; selectable: boolean }>;
  readonly #listedAtFirst: ReadonlySet<FolderName>;
  readonly #targetOfUse: ReadonlyMap<SpecialUse, FolderName>;
  readonly #places: Map<FolderName, FolderName>;
  /** Held by a folder: from the ledger, or while it is being made. A place that a rule gives is held by none. */
  readonly #taken = new Set<string>();
  /** How many source folders would like to be called so. */
  readonly #wanted = new Map<string, number>();
  /** What was tried for a folder and failed. */
  readonly #failed = new Map<FolderName, Set<FolderName>>();

  constructor(facts: PlanFacts) {
    this.#facts = facts;
    this.#existing = new Map(
      facts.target.map((folder) => [
        folderKey(folder.name),
        { name: folder.name, selectable: isInbox(folder.name) || isSelectable(folder) },
      ]),
    );
    // It is there whether it is listed or not (RFC 9051 §5.1).
    if (!this.#existing.has("INBOX")) this.#existing.set("INBOX", { name: "INBOX", selectable: true });
    this.#listedAtFirst = new Set(facts.target.map(({ name }) => name));
    this.#targetOfUse = new Map([...facts.targetUses].map(([name, use]) => [use, name]));
    this.#places = new Map(facts.settled.map(({ source, target }) => [source, target]));
    for (const { source, target } of facts.settled)
      if (this.#ruleTarget(source) !== folderKey(target)) this.#taken.add(folderKey(target));
    for (const folder of facts.source) {
      if (!isSelectable(folder) || facts.excluded.has(folder.name)) continue;
      const key = this.#firstKey(folder.name);
      this.#wanted.set(key, (this.#wanted.get(key) ?? 0) + 1);
    }
  }

  /**
   * The folders without a place, in groups whose members do not wait for one another: INBOX takes its name before any folder can claim it, a special use
   * before a folder that only has the name, a parent before its children, and what a rule sends somewhere comes when all others have their places.
   */
  groups(): FolderFacts[][] {
    const { source, excluded, sourceHierarchy } = this.#facts;
    const open = source.filter(
      (folder) => isSelectable(folder) && !excluded.has(folder.name) && !this.#places.has(folder.name),
    );
    const groups = new Map<number, FolderFacts[]>();
    for (const folder of open.toSorted((a, b) => compareNames(a.name, b.name))) {
      const depth = levelsOf(folder.name, sourceHierarchy).length;
      const order = this.#rankOf(folder) * MOST_LEVELS + Math.min(depth, MOST_LEVELS - 1);
      const group = groups.get(order);
      if (group) group.push(folder);
      else groups.set(order, [folder]);
    }
    return [...groups].toSorted(([a], [b]) => a - b).map(([, folders]) => folders);
  }

  /** The best place for a folder that has not failed yet, held for it from now on; `null` when there is none left. */
  next(source: FolderName): Attempt | null {
    const failed = this.#failed.get(source);
    const name = this.#candidates(source).find((one) => !failed?.has(one));
    if (name === undefined) return null;
    if (folderKey(name) !== this.#ruleTarget(source)) this.#taken.add(folderKey(name));
    const known = this.#existing.get(folderKey(name));
    return known?.selectable ? { name: known.name, exists: true } : { name, exists: false };
  }

  /** Whether the target lists something of this name: a level without messages that can be made a folder. */
  isListed(name: FolderName): boolean {
    return this.#existing.has(folderKey(name));
  }

  /** Whether a target name is `parent` or lies below it. */
  isAtOrBelow(name: FolderName, parent: FolderName): boolean {
    const { separator } = this.#facts.targetHierarchy;
    return name === parent || (separator !== null && name.startsWith(`${parent}${separator}`));
  }

  /** The place is not to be had. */
  fails(source: FolderName, name: FolderName): void {
    if (folderKey(name) !== this.#ruleTarget(source)) this.#taken.delete(folderKey(name));
    const failed = this.#failed.get(source) ?? new Set();
    this.#failed.set(source, failed.add(name));
  }

  /** The folder is there and is this one's place. */
  settles(source: FolderName, name: FolderName): void {
    this.#places.set(source, name);
    this.#existing.set(folderKey(name), { name, selectable: true });
  }

  /** The special use with which its target folder is to be made: its own, where the target has no folder of that use. */
  useToMake(source: FolderName): SpecialUse | null {
    const use = this.#facts.sourceUses.get(source);
    return use === undefined || this.#targetOfUse.has(use) || this.#rulesName(source) !== null ? null : use;
  }

  #rankOf({ name }: FolderFacts): number {
    if (isInbox(name)) return 0;
    if (this.#rulesName(name) !== null) return 3;
    return this.#facts.sourceUses.has(name) ? 1 : 2;
  }

  #candidates(source: FolderName): FolderName[] {
    const use = this.#facts.sourceUses.get(source);
    const ruled = this.#ruleTarget(source);
    const ofSameUse = ruled !== null || use === undefined ? undefined : this.#targetOfUse.get(use);
    const wanted = this.#wantedName(source);
    const own = folderKey(wanted);
    const first = this.#firstKey(source);
    const wantedByOthers: KeySet = {
      has: (key) => (this.#wanted.get(key) ?? 0) > (key === first ? 1 : 0),
    };
    const taken: KeySet = { has: (key) => this.#taken.has(key) && !(key === own && key === ruled) };
    const names = targetNames({
      source,
      wanted,
      hierarchy: this.#facts.targetHierarchy,
      taken,
      wantedByOthers,
      existing: this.#existing,
    });
    return ofSameUse === undefined || taken.has(folderKey(ofSameUse)) ? names : [ofSameUse, ...names];
  }

  /** Below its parent's place where it has one, else by its own name. A rule's own folder goes where the rule says. */
  #wantedName(source: FolderName): FolderName {
    const { sourceHierarchy, targetHierarchy, rules } = this.#facts;
    const isRulesOwn = hasOwnRule(levelsOf(source, sourceHierarchy), rules);
    const parent = parentOf(source, sourceHierarchy);
    const above = parent === null || isInbox(parent) ? undefined : this.#places.get(parent);
    if (isRulesOwn || above === undefined || isInbox(above) || targetHierarchy.separator === null)
      return this.#rulesName(source) ?? this.#translated(source);
    return `${above}${targetHierarchy.separator}${translateLeaf(source, sourceHierarchy, targetHierarchy)}`;
  }

  /** Key of the name that a rule gives to the folder. */
  #ruleTarget(source: FolderName): string | null {
    const name = this.#rulesName(source);
    return name === null ? null : folderKey(name);
  }

  /** What a rule calls the folder on the target. `Junk` means the target's folder of that use, where none is called so. */
  #rulesName(source: FolderName): FolderName | null {
    const { sourceHierarchy, targetHierarchy, rules } = this.#facts;
    const [first, ...below] = mappedLevels(levelsOf(source, sourceHierarchy), rules) ?? [];
    if (first === undefined) return null;
    if (isInbox(first)) {
      if (below.length === 0) return "INBOX";
      // Where the server's prefix is INBOX, its folders are below INBOX already.
      const isPrefix = levelsOf(`${targetHierarchy.prefix}x`, { ...targetHierarchy, prefix: "" }).length > 1;
      return nameOf(isPrefix ? below : [first, ...below], targetHierarchy);
    }
    const use = this.#listedAtFirst.has(nameOf([first], targetHierarchy)) ? null : useOfName(first);
    const ofUse = use === null ? undefined : this.#placeOfUse(use);
    if (ofUse === undefined) return nameOf([first, ...below], targetHierarchy);
    return [ofUse, ...below.map((level) => escapeSeparator(level, targetHierarchy.separator))].join(
      targetHierarchy.separator ?? "-",
    );
  }

  #placeOfUse(use: SpecialUse): FolderName | undefined {
    const source = [...this.#facts.sourceUses].find(([, one]) => one === use)?.[0];
    return this.#targetOfUse.get(use) ?? (source === undefined ? undefined : this.#places.get(source));
  }

  /** What a folder would be called if nothing stood in its way. */
  #firstKey(source: FolderName): string {
    return folderKey(this.#rulesName(source) ?? this.#translated(source));
  }

  #translated(source: FolderName): FolderName {
    return translateName(source, this.#facts.sourceHierarchy, this.#facts.targetHierarchy);
  }
}

/** More than any server allows: orders groups of different kinds. */
const MOST_LEVELS = 1_000;
