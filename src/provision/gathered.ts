/**
 * Lets calls that come while a batch is being written share the next one: under load a slow write is paid once for many. A batch's result,
 * or failure, goes to everybody in it.
 */
export function gathered<Item, Result>(
  write: (items: Item[]) => Promise<Result>,
): (item: Item) => Promise<Result> {
  let waiting: Item[] = [];
  let underWay: Promise<unknown> = Promise.resolve();
  let next: Promise<Result> | null = null;
  return (item) => {
    waiting.push(item);
    next ??= begin();
    return next;
  };

  async function begin(): Promise<Result> {
    // How the batch before has ended is the business of those who are in it.
    await underWay.catch(() => {});
    const items = waiting;
    waiting = [];
    next = null;
    const result = write(items);
    underWay = result;
    return result;
  }
}
