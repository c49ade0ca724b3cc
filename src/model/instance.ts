/**
 * What imbarco says of itself in every greeting, whatever it speaks: the clients of a target know by it that they are led in circles.
 * @param instance names the installation (`instanceOf`), where it has a name
 */
export function readyWords(instance: string | undefined): string {
  return instance === undefined ? "imbarco ready" : `imbarco ready (${instance})`;
}
