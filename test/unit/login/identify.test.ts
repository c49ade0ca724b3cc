import { expect, test } from "vitest";
import { identify } from "../../../src/login/identify.ts";
import { openDatabase } from "../../../src/store/sqlite/database.ts";
import { sqliteStore } from "../../../src/store/sqlite/store.ts";
import { sampleAccount, sampleDomain, T1 } from "../../contract/samples.ts";

async function storeWith(state: "preparing" | "migrating") {
  const store = sqliteStore(openDatabase(":memory:"));
  for (const name of ["a.it", "xn--mller-kva.it"]) await store.domains.add(sampleDomain(name, { state }));
  await store.accounts.addMany(
    ["anna@a.it", "rené@a.it", "otto@xn--mller-kva.it"].map((address) => sampleAccount(address)),
    T1,
  );
  return store;
}

const typed = (user: string | Buffer, authzid: string | null = null) => ({
  user: Buffer.from(user),
  authzid: authzid === null ? null : Buffer.from(authzid),
});

test.each([
  ["anna@a.it", "anna@a.it"],
  ["  Anna@A.IT ", "anna@a.it"],
  ["otto@müller.it", "otto@xn--mller-kva.it"],
  [Buffer.from("otto@M\xfcller.it", "latin1"), "otto@xn--mller-kva.it"],
  ["René@a.it", "rené@a.it"],
  ["rene\u0301@a.it", "rené@a.it"],
])("%o is the account %s", async (user, address) => {
  const store = await storeWith("migrating");
  expect((await identify(store, typed(user)))?.account.address).toBe(address);
});

test.each([
  "",
  "anna",
  "@a.it",
  "anna@",
  "anna@a.it\0",
  "anna@b.it",
  "nobody@a.it",
  "anna@a.it*master",
  "a b@a.it",
])("%o is nobody", async (user) => {
  expect(await identify(await storeWith("migrating"), typed(user))).toBeUndefined();
});

test("an authorization identity may repeat the name, and names nobody else", async () => {
  const store = await storeWith("migrating");
  for (const authzid of ["", "anna@a.it", "ANNA@a.it"])
    expect((await identify(store, typed("anna@a.it", authzid)))?.account.address).toBe("anna@a.it");
  for (const authzid of ["rené@a.it", "anna", "root"])
    expect(await identify(store, typed("anna@a.it", authzid))).toBeUndefined();
});

test("in a domain that is not open, known and unknown names are told the same", async () => {
  const store = await storeWith("preparing");
  for (const user of ["anna@a.it", "nobody@a.it"])
    await expect(identify(store, typed(user))).rejects.toMatchObject({ kind: "domain-not-open" });
});
