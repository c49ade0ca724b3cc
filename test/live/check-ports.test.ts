import net from "node:net";
import { expect, test } from "vitest";
import { checkPorts } from "../../src/cli/check-ports.ts";
import { type Finding, reportTo } from "../../src/cli/finding.ts";
import type { Config } from "../../src/config/config.ts";
import { listenLocal } from "../../src/net/local-socket.ts";
import { controlPath } from "../../src/process/control.ts";
import { makeTempFolder, removeTempFolder } from "../kit/temp-folder.ts";

/** What `check` finds about the ports while a mail server has one of them, on loopback. */
async function foundWhileTaken(host: string, work = async (_dataDir: string) => {}): Promise<Finding[]> {
  const dataDir = await makeTempFolder("ports");
  const dovecot = net.createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => void dovecot.listen({ host: "127.0.0.1", port: 0 }, resolve));
  const { port } = dovecot.address() as net.AddressInfo;
  try {
    await work(dataDir);
    const listeners = [
      { protocol: "pop3", listen: { host, port } },
      { protocol: "imap", listen: { host, port: 0 } },
    ];
    const findings: Finding[] = [];
    await checkPorts(
      { dataDir, roles: ["proxy"], listeners } as unknown as Config,
      reportTo(findings, "listener"),
    );
    return findings.map((finding) => ({
      ...finding,
      message: finding.message.replace(String(port), "PORT"),
    }));
  } finally {
    dovecot.close();
    await removeTempFolder(dataDir);
  }
}

test.each(["127.0.0.1", "0.0.0.0", "::"])(
  "a port of %s that a mail server has kept is found",
  async (host) => {
    expect(await foundWhileTaken(host)).toMatchObject([
      {
        check: "listener",
        status: "fail",
        message: expect.stringContaining(
          "another program listens at 127.0.0.1:PORT, where imbarco is to speak pop3",
        ),
      },
    ]);
  },
);

test("while serve runs the ports are its own", async () => {
  let close = async () => {};
  const serve = async (dataDir: string) => {
    close = await listenLocal(controlPath(dataDir), (socket) => socket.destroy(), 1);
  };
  try {
    expect(await foundWhileTaken("0.0.0.0", serve)).toEqual([]);
  } finally {
    await close();
  }
});
