import { createServer, type Socket } from "node:net";

/**
 * The mail server behind every proxy, as small as it can be: takes any password and answers from memory, on loopback and in clear. A
 * process of its own, so that what it costs is not the proxy's. It says which port it has, by IPC, and ends with its parent.
 */
const OCTETS = Buffer.alloc(256 * 1024, `${"imbarco relays these lines unchanged. ".repeat(2)}\r\n`);
const CAPABILITY = "IMAP4rev1 LITERAL+ SASL-IR ID AUTH=PLAIN";
const AFTER_LOGIN = "IMAP4rev1 LITERAL+ SASL-IR ID IDLE NAMESPACE UIDPLUS CONDSTORE ESEARCH MOVE SPECIAL-USE";
const LF = 0x0a;

/** One client, with what it has sent so far of a line. */
interface Session {
  readonly socket: Socket;
  line: string;
  /** Octets of a literal that are still to come. */
  literal: number;
  /** Whether that literal is a message, which nobody looks at. */
  discard: boolean;
  /** Lines before the present one of the same command, with their literals. */
  command: string;
  /** A tag that waits for the rest of an AUTHENTICATE. */
  authenticating: string | null;
}

const server = createServer({ noDelay: true, pauseOnConnect: false }, (socket) => {
  const session: Session = {
    socket,
    line: "",
    literal: 0,
    discard: false,
    command: "",
    authenticating: null,
  };
  socket.on("data", (octets: Buffer) => take(session, octets));
  socket.on("error", () => socket.destroy());
  socket.write(`* OK [CAPABILITY ${CAPABILITY}] stub ready\r\n`);
});
server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  const address = server.address();
  if (address !== null && typeof address === "object") process.send?.({ port: address.port });
});
process.once("disconnect", () => process.exit(0));

function take(session: Session, octets: Buffer): void {
  let at = 0;
  while (at < octets.length) {
    if (session.literal > 0) {
      const end = Math.min(octets.length, at + session.literal);
      if (!session.discard) session.command += octets.toString("latin1", at, end);
      session.literal -= end - at;
      at = end;
      continue;
    }
    const end = octets.indexOf(LF, at);
    if (end < 0) {
      session.line += octets.toString("latin1", at);
      return;
    }
    const line = session.line + octets.toString("latin1", at, end);
    session.line = "";
    at = end + 1;
    takeLine(session, line.endsWith("\r") ? line.slice(0, -1) : line);
  }
}

function takeLine(session: Session, line: string): void {
  const literal = line.endsWith("}") ? /\{(\d+)(\+?)\}$/.exec(line) : null;
  if (literal) {
    session.command += `${line} `;
    session.literal = Number(literal[1]);
    session.discard = / APPEND /i.test(session.command);
    if (literal[2] === "") session.socket.write("+ go\r\n");
    return;
  }
  const command = session.command + line;
  session.command = "";
  session.discard = false;
  if (session.authenticating !== null) {
    session.socket.write(`${session.authenticating} OK [CAPABILITY ${AFTER_LOGIN}] Logged in\r\n`);
    session.authenticating = null;
    return;
  }
  answer(session, command);
}

function answer(session: Session, command: string): void {
  const { socket } = session;
  const [tag = "*", word = "", argument = "", more] = command.split(" ");
  switch (word.toUpperCase()) {
    case "AUTHENTICATE":
      if (more === undefined) {
        session.authenticating = tag;
        socket.write("+ \r\n");
        return;
      }
      socket.write(`${tag} OK [CAPABILITY ${AFTER_LOGIN}] Logged in\r\n`);
      return;
    case "LOGIN":
      socket.write(`${tag} OK [CAPABILITY ${AFTER_LOGIN}] Logged in\r\n`);
      return;
    case "CAPABILITY":
      socket.write(`* CAPABILITY ${CAPABILITY}\r\n${tag} OK done\r\n`);
      return;
    case "ID":
      socket.write(`* ID NIL\r\n${tag} OK done\r\n`);
      return;
    case "LOGOUT":
      socket.end(`* BYE bye\r\n${tag} OK done\r\n`);
      return;
    case "FETCH":
      void sendMessage(socket, tag, Number(argument));
      return;
    default:
      socket.write(`${tag} OK done\r\n`);
  }
}

/** `FETCH n`: a literal of so many octets, as fast as it is taken. */
async function sendMessage(socket: Socket, tag: string, size: number): Promise<void> {
  socket.write(`* 1 FETCH (BODY[] {${size}}\r\n`);
  for (let left = size; left > 0 && !socket.destroyed; left -= OCTETS.length) {
    const isTaken = socket.write(left >= OCTETS.length ? OCTETS : OCTETS.subarray(0, left));
    if (!isTaken) await drained(socket);
  }
  socket.write(`)\r\n${tag} OK done\r\n`);
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      socket.off("drain", go).off("close", go);
      resolve();
    };
    socket.once("drain", go).once("close", go);
  });
}
