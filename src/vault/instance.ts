import type { Vault } from "./vault.ts";

const OCTETS = 6;

/**
 * Names this installation in its greetings, so that it knows itself when a connection leads back to it: twelve hexadecimal digits, the same in every process
 * and on every machine that shares the master key.
 */
export function instanceOf(vault: Pick<Vault, "secretFor">): string {
  const secret = vault.secretFor("instance name");
  const name = secret.reveal().toString("hex", 0, OCTETS);
  secret.wipe();
  return name;
}
