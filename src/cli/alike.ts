/** Accounts of which the same is said one by one in a table. */
const SHOWN_ALIKE = 10;

/** One thing that is said of an account, or of the whole where that is `null`. */
export interface Said {
  readonly account: string | null;
  readonly message: string;
}

/** What a sentence on an account says of any account. */
export function keyOf(message: string, account: string | null): string {
  return account === null ? message : message.replaceAll(account, "…");
}

/**
 * What is said of accounts, the same sentences together, and of each only the first few: a server that is down says the same of a thousand accounts.
 * @returns what to show: accounts, or how many more there are
 */
export function shortened(
  said: readonly Said[],
): { readonly who: string | null; readonly message: string }[] {
  const groups = new Map<string, Said[]>();
  for (const one of said) {
    const key = keyOf(one.message, one.account);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return [...groups].flatMap(([key, group]) => {
    // "1 more" would take the line that the one itself needs.
    const most = group.length === SHOWN_ALIKE + 1 ? group.length : SHOWN_ALIKE;
    const shown = group.slice(0, most).map(({ account, message }) => ({ who: account, message }));
    const more = group.length - shown.length;
    return more > 0 ? [...shown, { who: `… and ${more} more`, message: key }] : shown;
  });
}
