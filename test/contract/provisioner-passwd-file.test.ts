import { execFile } from "node:child_process";
import { chmod, lstat, readdir, readFile, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Secret } from "../../src/kit/secret.ts";
import { silentLog } from "../../src/log/log.ts";
import { passwdFileProvisioner } from "../../src/provision/passwd-file.ts";
import type { Provisioner } from "../../src/provision/provision.ts";
import { matchesVerifier } from "../../src/vault/verifier.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";
import { provisionerSuite, request } from "./provisioner-suite.ts";

const VERIFIER =
  "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2Fs$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo";
const OTHER = VERIFIER.replace("aGFza", "b3Roa");

provisionerSuite("passwd-file, read as Dovecot reads it", async () => {
  const folder = await makeTempFolder("pf");
  const path = join(folder, "passwd");
  return {
    provisioner: passwdFileProvisioner(path, silentLog()),
    opens: async (address, password) => {
      const rows = (await readFile(path, "utf8")).split("\n");
      const field = rows.find((row) => row.startsWith(`${address}:`))?.split(":")[1];
      if (field === undefined || field === "{CRYPT}*") return false;
      return /^(\{.*\})?$/.test(field) || matchesVerifier(new Secret(Buffer.from(password)), field);
    },
    close: () => removeTempFolder(folder),
  };
});

describe("a passwd-file", () => {
  let folder: string;
  let path: string;
  let provisioner: Provisioner;

  beforeEach(async () => {
    folder = await makeTempFolder("pf");
    path = join(folder, "passwd");
    provisioner = passwdFileProvisioner(path, silentLog());
  });
  afterEach(() => removeTempFolder(folder));

  const content = () => readFile(path, "latin1");

  test("keeps the rows, fields, comments and line ends of others, in their order", async () => {
    const before = [
      "# accounts of the new platform",
      "",
      "caf\xe9@a.it:{SHA512-CRYPT}$6$x:1000:1000:Caff\xe8:/home/c::userdb_mail=maildir:~/m\r",
      "anna@a.it:{CRYPT}*:5000:5000:Anna B:/srv/anna:/bin/false:userdb_quota_rule=*:storage=2G proxy=n",
      "#anna@a.it:{PLAIN}no",
      "anna@a.it.example:{CRYPT}x",
      "no-colon",
    ];
    await writeFile(path, before.join("\n"), "latin1");
    await provisioner.ensureMany([
      request("anna@a.it", { verifier: VERIFIER, name: "Other", quota: 1000 }),
      request("new@a.it", { verifier: OTHER, name: "Neu: \n Name", quota: 5_000_000 }),
    ]);
    const wanted = before.map((row) =>
      row.startsWith("anna@a.it:") ? row.replace("{CRYPT}*", () => VERIFIER) : row,
    );
    wanted.push(`new@a.it:${OTHER}:::Neu Name:::userdb_quota_rule=*:bytes=5000000`, "");
    expect(await content()).toBe(wanted.join("\n"));

    await provisioner.remove("anna@a.it");
    await provisioner.remove("new@a.it");
    expect(await content()).toBe([...before.filter((row) => !row.startsWith("anna@a.it:")), ""].join("\n"));
  });

  test("gives a row a quota where it has none, and never a second one", async () => {
    await writeFile(
      path,
      "a@a.it:{CRYPT}*\nb@a.it:x::::::userdb_quota_rule=*:bytes=7\nc@a.it:x::::::proxy=n\n",
    );
    for (const address of ["a@a.it", "b@a.it", "c@a.it"])
      await provisioner.ensure(request(address, { verifier: VERIFIER, quota: 9 }));
    expect((await content()).replaceAll(VERIFIER, "V")).toBe(
      "a@a.it:V::::::userdb_quota_rule=*:bytes=9\nb@a.it:V::::::userdb_quota_rule=*:bytes=7\nc@a.it:V::::::proxy=n userdb_quota_rule=*:bytes=9\n",
    );
  });

  test("is not written when nothing changes", async () => {
    await provisioner.ensureMany([request("a@a.it"), request("b@a.it", { verifier: VERIFIER })]);
    const before = await stat(path);
    await provisioner.ensureMany([request("a@a.it"), request("b@a.it", { verifier: VERIFIER })]);
    await provisioner.remove("c@a.it");
    expect(await stat(path)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
  });

  test("keeps mode, owner and group of the one before, and leaves nothing beside it", async () => {
    await writeFile(path, "");
    await chmod(path, 0o604);
    await provisioner.ensure(request("a@a.it"));
    const { mode, uid, gid } = await stat(path);
    expect({ mode: mode & 0o7777, uid, gid }).toEqual({
      mode: 0o604,
      uid: process.getuid?.(),
      gid: process.getgid?.(),
    });
    expect(await readdir(folder)).toEqual(["passwd"]);
  });

  test("is readable for owner and group only when it is new", async () => {
    await provisioner.ensure(request("a@a.it"));
    expect((await stat(path)).mode & 0o7777).toBe(0o640);
  });

  test("has a later time in whole seconds after each change, by which Dovecot tells that it has changed", async () => {
    await provisioner.ensure(request("a@a.it", { verifier: VERIFIER }));
    const times: number[] = [];
    for (const verifier of [OTHER, VERIFIER, OTHER]) {
      await provisioner.ensure(request("a@a.it", { verifier }));
      times.push(Math.floor((await stat(path)).mtimeMs / 1000));
    }
    expect(new Set(times).size).toBe(3);
    expect(times.toSorted((a, b) => a - b)).toEqual(times);
  });

  test("is replaced behind a symbolic link, which stays one", async () => {
    const link = join(folder, "link");
    await writeFile(path, "");
    await symlink(path, link);
    await passwdFileProvisioner(link, silentLog()).ensure(request("a@a.it"));
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(await content()).toBe("a@a.it:{CRYPT}*::::::\n");
  });

  test("loses an empty password, with which anybody could log in", async () => {
    await writeFile(path, "a@a.it:\nb@a.it:{PLAIN}::::::\nc@a.it\nd@a.it:{PLAIN}x\n");
    await provisioner.ensureMany(["a", "b", "c", "d"].map((local) => request(`${local}@a.it`)));
    expect(await content()).toBe(
      "a@a.it:{CRYPT}*\nb@a.it:{CRYPT}*::::::\nc@a.it:{CRYPT}*\nd@a.it:{PLAIN}x\n",
    );
  });

  test("takes no address that would break a row, no row that is open to anybody, and takes all others", async () => {
    await writeFile(path, "open@a.it:::::::nopassword\n");
    for (const address of ["a:b@a.it", "#a@a.it", "a\nb@a.it"]) {
      await expect(provisioner.ensure(request(address))).rejects.toMatchObject({ kind: "provision-failed" });
      await expect(provisioner.remove(address)).rejects.toMatchObject({ kind: "provision-failed" });
    }
    await expect(provisioner.ensure(request("open@a.it", { verifier: VERIFIER }))).rejects.toThrow(
      /nopassword/,
    );
    const mixed = [request("x:y@a.it"), request("good@a.it"), request("open@a.it", { verifier: VERIFIER })];
    await expect(provisioner.ensureMany(mixed)).rejects.toThrow(
      /2 accounts could not be provisioned.*x:y@a\.it/,
    );
    expect(await content()).toBe("open@a.it:::::::nopassword\ngood@a.it:{CRYPT}*::::::\n");
  });

  test("says what is missing when it cannot be written, and is left as it was", async () => {
    const lost = passwdFileProvisioner(join(folder, "nowhere", "passwd"), silentLog());
    await expect(lost.ensure(request("a@a.it"))).rejects.toMatchObject({
      kind: "provision-failed",
      message: expect.stringMatching(/nowhere.*folder does not exist/) as string,
    });
  });

  test("is not left locked where the disk is full", async () => {
    const module = JSON.stringify(join(import.meta.dirname, "../../src/provision/file-lock.ts"));
    const script = `import { withFileLock } from ${module};
      await withFileLock(${JSON.stringify(`${path}.lock`)}, async () => {}).catch((error) => console.log(error.code));`;
    // No file of this process may have any octets.
    const full = ["-c", 'ulimit -f 0; exec "$0" --input-type=module -e "$1"', process.execPath, script];
    expect((await promisify(execFile)("sh", full)).stdout).toBe("EFBIG\n");
    expect(await readdir(folder)).toEqual([]);
  });

  test("takes a lock away whose process is no more, and a temporary file that it left", async () => {
    const { stdout } = await promisify(execFile)("sh", ["-c", "echo $$"]);
    await writeFile(`${path}.lock`, `${hostname()} ${stdout.trim()} 1 gone\n`);
    await writeFile(`${path}.imbarco-new`, "half a ro");
    await provisioner.ensure(request("a@a.it"));
    expect(await readdir(folder)).toEqual(["passwd"]);
  });

  test("takes away a lock that a process of the same number left before this one began", async () => {
    await writeFile(`${path}.lock`, `${hostname()} ${process.pid} 1 earlier\n`);
    await provisioner.ensure(request("a@a.it"));
    expect(await content()).toBe("a@a.it:{CRYPT}*::::::\n");
  });

  test("takes a lock of another machine away only when it is old", async () => {
    await writeFile(`${path}.lock`, "elsewhere 1 1 x\n");
    const ensured = provisioner.ensure(request("a@a.it"));
    expect(await provisioner.exists("a@a.it")).toBe(false);
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(`${path}.lock`, longAgo, longAgo);
    await ensured;
    expect(await readdir(folder)).toEqual(["passwd"]);
  });

  test("is the same whether it is written by one process or by several at once", async () => {
    const writer = (prefix: string) => `
      import { silentLog } from "./src/log/log.ts";
      import { passwdFileProvisioner } from "./src/provision/passwd-file.ts";
      const provisioner = passwdFileProvisioner(${JSON.stringify(path)}, silentLog());
      for (let n = 0; n < 15; n += 1)
        await provisioner.ensure({ address: "${prefix}" + n + "@a.it", verifier: null, name: null, quota: null });
    `;
    await Promise.all(
      ["a", "b", "c"].map((prefix) =>
        promisify(execFile)(process.execPath, ["--input-type=module", "-e", writer(prefix)]),
      ),
    );
    const rows = (await content()).trimEnd().split("\n");
    expect(new Set(rows).size).toBe(45);
    expect(rows).toHaveLength(45);
  });
});
