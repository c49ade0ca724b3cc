import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/log/log.ts";
import { passwdFileProvisioner } from "../../src/provision/passwd-file.ts";
import type { Provisioner } from "../../src/provision/provision.ts";
import { provisionerSuite, request, verifierOf } from "../contract/provisioner-suite.ts";
import { CANARY } from "../kit/canary.ts";
import { type Dovecot, startDovecot } from "../kit/dovecot.ts";
import { ImapClient } from "../kit/imap-client.ts";

const MASTER = { user: "imbarco", password: `meister ${CANARY}` };

provisionerSuite("passwd-file, with a Dovecot behind it", async () => {
  const dovecot = await startDovecot({ masterUser: MASTER });
  return {
    provisioner: passwdFileProvisioner(dovecot.passwdFile, silentLog()),
    opens: (address, password) => opens(dovecot, address, password),
    close: () => dovecot.stop(),
  };
});

describe("a passwd-file that Dovecot reads", () => {
  let dovecot: Dovecot;
  let provisioner: Provisioner;
  beforeAll(async () => {
    dovecot = await startDovecot({ masterUser: MASTER });
    provisioner = passwdFileProvisioner(dovecot.passwdFile, silentLog());
  });
  afterAll(() => dovecot?.stop());

  test("a master user enters a locked account, and none that does not exist", async () => {
    await provisioner.ensure(request("locked@a.it"));
    const enters = (address: string) => () => opens(dovecot, `${address}*${MASTER.user}`, MASTER.password);
    await expect.poll(enters("locked@a.it"), { timeout: 20_000 }).toBe(true);
    expect(await enters("nobody@a.it")()).toBe(false);
  });

  test("two changes within a second that leave the size alike are both seen", async () => {
    const verifiers = await Promise.all(["a", "b", "c"].map((word) => verifierOf(`${word} ${CANARY}`)));
    for (const verifier of verifiers) {
      await provisioner.ensure(request("quick@a.it", { verifier }));
      // Looks at the file between the changes, so that it knows the one before.
      await opens(dovecot, "quick@a.it", "no matter");
    }
    await expect.poll(() => opens(dovecot, "quick@a.it", `c ${CANARY}`), { timeout: 20_000 }).toBe(true);
    expect(await opens(dovecot, "quick@a.it", `b ${CANARY}`)).toBe(false);
  });

  test("a quota and a name in the row do no harm to the login", async () => {
    const verifier = await verifierOf(CANARY);
    await provisioner.ensure(request("quota@a.it", { verifier, name: "Zoë: Quota", quota: 1_000_000 }));
    await expect.poll(() => opens(dovecot, "quota@a.it", CANARY), { timeout: 20_000 }).toBe(true);
    expect(await dovecot.log()).not.toMatch(/Error:|Fatal:|Panic:/);
  });
});

async function opens(dovecot: Dovecot, user: string, password: string): Promise<boolean> {
  const client = await ImapClient.connect({ ...dovecot.endpoint("starttls") });
  try {
    return (await client.logIn(user, password)).status === "OK";
  } finally {
    client.close();
  }
}
