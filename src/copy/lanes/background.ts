import { brokenConnection } from "../sending/breaking.ts";

/** Work on the main lane that nothing waits for but the end of the pass. */
export class Background {
  readonly #onFailure: (error: unknown) => void;
  readonly #works: Promise<unknown>[] = [];
  readonly #toRepeat: (() => Promise<unknown>)[] = [];

  /** @param onFailure hears of what the pass cannot go on with */
  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  add(work: Promise<unknown>): void {
    this.#works.push(work.catch(this.#onFailure));
  }

  /** For work that can be done twice: the lane's connections may be given up under it for a message that breaks them, and `catchUp` does it again. */
  addRepeatable(work: () => Promise<unknown>): void {
    const orLater = (error: unknown) => {
      brokenConnection(error);
      this.#toRepeat.push(work);
    };
    this.add(work().catch(orLater));
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#works);
  }

  /** Does again what was cut off, over the connections that are open now. @throws what that fails with */
  async catchUp(): Promise<void> {
    for (const work of this.#toRepeat.splice(0)) await work();
  }
}
