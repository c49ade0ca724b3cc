import { readFileSync } from "node:fs";
import net from "node:net";
import tls from "node:tls";

/**
 * What a login proxy on Node costs at least: greets, takes LOGIN as the load sends it, logs in at the stub and joins both sockets. Nothing is checked, bounded, remembered or
 * logged. Arguments: its port in clear, its port for TLS, the stub's port, certificate and key.
 */
const [plainPort = "", tlsPort = "", stubPort = "", certFile = "", keyFile = ""] = process.argv.slice(2);
const SOCKET = { noDelay: true, allowHalfOpen: true } as const;
const BUFFER_OCTETS = 64 * 1024;

net.createServer(SOCKET, serve).listen({ host: "127.0.0.1", port: Number(plainPort), backlog: 4096 });
tls
  .createServer({ ...SOCKET, cert: readFileSync(certFile), key: readFileSync(keyFile) }, serve)
  .listen({ host: "127.0.0.1", port: Number(tlsPort), backlog: 4096 });

function serve(client: net.Socket): void {
  client.on("error", ignored);
  client.write("* OK [CAPABILITY IMAP4rev1 LITERAL+ SASL-IR ID AUTH=PLAIN] ready\r\n");
  let line = "";
  const onData = (octets: Buffer): void => {
    line += octets.toString("latin1");
    if (!line.endsWith("\r\n")) return;
    client.removeListener("data", onData);
    client.pause();
    const [tag = "", ...login] = line.trimEnd().split(" ");
    join(client, tag, login.join(" "));
  };
  client.on("data", onData);
}

function join(client: net.Socket, tag: string, login: string): void {
  const buffer = Buffer.allocUnsafeSlow(BUFFER_OCTETS);
  let said = "";
  let state: "greeting" | "login" | "relay" = "greeting";
  let isHeld = false;
  const written = (): void => {
    if (!isHeld || client.writableLength > 0) return;
    isHeld = false;
    target.resume();
  };
  const onRead = (length: number): boolean => {
    if (state === "relay") {
      client.write(buffer.subarray(0, length), written);
      isHeld = client.writableLength > 0;
      return !isHeld;
    }
    said += buffer.toString("latin1", 0, length);
    if (!said.endsWith("\r\n")) return true;
    if (state === "greeting") {
      state = "login";
      said = "";
      target.write(`a ID ("x-originating-ip" "127.0.0.1")\r\nb ${login}\r\n`);
      return true;
    }
    const at = said.indexOf("b OK");
    if (at < 0) return true;
    state = "relay";
    client.write(tag + said.slice(at + 1));
    client.on("data", (octets) => {
      if (!target.write(octets)) client.pause();
    });
    target.on("drain", () => client.resume());
    client.on("end", () => target.end());
    client.resume();
    return true;
  };
  const target = net.connect({
    ...SOCKET,
    host: "127.0.0.1",
    port: Number(stubPort),
    onread: { buffer, callback: onRead },
  });
  target.on("error", ignored);
  target.on("end", () => client.end());
  target.on("close", () => client.destroy());
  client.on("close", () => target.destroy());
}

function ignored(): void {
  // A broken socket also closes, which is what is listened for.
}
