/** Work under way by name: a second caller of the same name gets the first one's result instead of doing it again. */
export class SingleFlight<T> {
  readonly #underWay = new Map<string, Promise<T>>();

  /** Runs `work`, or joins the flight of that name; a failure reaches everybody aboard and is not kept. */
  run(name: string, work: () => Promise<T>): Promise<T> {
    const known = this.#underWay.get(name);
    if (known) return known;
    const flight = work().finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, flight);
    return flight;
  }
}
