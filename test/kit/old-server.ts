import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { AddressInfo, Socket } from "node:net";
import tls from "node:tls";
import { makeWeakCertificate } from "./certs.ts";

/** A mail server as nobody should have any more: TLS 1.0 at most, an RSA key of 1024 bits, its own signature. */
export interface OldServer {
  readonly port: number;
  readonly certFile: string;
  /** PEM text of `certFile`. */
  readonly cert: string;
  /** What clients said to it inside TLS. */
  readonly heard: readonly string[];
  stop(): void;
}

export async function startOldServer(folder: string): Promise<OldServer> {
  const { certFile, keyFile, ca } = await makeWeakCertificate(folder);
  const heard: string[] = [];
  const sockets: Socket[] = [];
  const server = tls.createServer(
    {
      cert: ca,
      key: await readFile(keyFile),
      minVersion: "TLSv1",
      maxVersion: "TLSv1",
      ciphers: "ALL:@SECLEVEL=0",
    },
    (socket) => {
      sockets.push(socket);
      socket.on("error", () => undefined);
      socket.write("* OK old and proud\r\n");
      socket.setEncoding("latin1").on("data", (text: string) => {
        for (const line of text.split("\r\n").filter((part) => part !== "")) {
          heard.push(line);
          const [tag = "*", command = ""] = line.split(" ");
          if (command.toUpperCase() === "CAPABILITY") socket.write("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n");
          socket.write(`${tag} OK done\r\n`);
        }
      });
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port: (server.address() as AddressInfo).port, certFile, cert: ca, heard, stop };
}
