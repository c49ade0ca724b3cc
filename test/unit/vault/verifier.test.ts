import { expect, test } from "vitest";
import { Secret } from "../../../src/kit/secret.ts";
import { VaultError } from "../../../src/vault/vault-error.ts";
import { makeVerifier, matchesVerifier } from "../../../src/vault/verifier.ts";

function secretOf(text: string): Secret {
  return new Secret(Buffer.from(text, "latin1"));
}

test("a verifier recognises its own password, octet by octet, and no other", async () => {
  const verifier = await makeVerifier(secretOf("p\xe4ss\0word"));
  expect(verifier).toMatch(
    /^\{ARGON2ID\}\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/,
  );
  expect(await matchesVerifier(secretOf("p\xe4ss\0word"), verifier)).toBe(true);
  for (const wrong of ["", "p\xe4ss", "p\xe4ss\0worD", "p\xc3\xa4ss\0word"])
    expect(await matchesVerifier(secretOf(wrong), verifier)).toBe(false);
});

test("two verifiers of one password differ", async () => {
  expect(await makeVerifier(secretOf("same"))).not.toBe(await makeVerifier(secretOf("same")));
});

test("a verifier that another argon2 made is understood", async () => {
  // The reference program's own vector: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32
  const verifier =
    "{ARGON2ID}$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
  expect(await matchesVerifier(secretOf("password"), verifier)).toBe(true);
});

test("a text that is no verifier, or one that would take a machine's whole memory, is refused", async () => {
  const salt = "c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
  const bad = [
    "",
    "{PLAIN}password",
    `{ARGON2ID}$argon2id$v=19$m=9999999,t=2,p=1$${salt}`,
    `{ARGON2ID}$argon2id$v=19$m=65536,t=0,p=1$${salt}`,
  ];
  for (const verifier of bad)
    await expect(matchesVerifier(secretOf("x"), verifier)).rejects.toThrow(VaultError);
});
