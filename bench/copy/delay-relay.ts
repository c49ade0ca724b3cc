import { connect, createServer, type Socket } from "node:net";

/** What the relay has counted since it was last asked, over all connections. In clear text only: TLS shows nothing. */
export interface RelayCounts {
  /** Commands with a tag. */
  readonly commands: number;
  /** How often the client spoke again after it had been answered: the round trips that it waited for. */
  readonly turns: number;
}

/** More than this on its way to one end stops the reading at the other: only against a machine without memory. */
const MOST_OCTETS_UNDER_WAY = 64 << 20;

let counts = { commands: 0, turns: 0 };

/** Passes what arrives at one socket on to the other after `delayMs`, in order, without a limit to the rate. */
function passOn(from: Socket, to: Socket, delayMs: number, onPiece: (piece: Buffer) => void): void {
  let underWay = 0;
  const write = (piece: Buffer) => {
    if (!to.destroyed) to.write(piece);
    underWay -= piece.length;
    if (underWay + to.writableLength < MOST_OCTETS_UNDER_WAY) from.resume();
  };
  from.on("data", (piece: Buffer) => {
    onPiece(piece);
    underWay += piece.length;
    if (underWay + to.writableLength >= MOST_OCTETS_UNDER_WAY) from.pause();
    // Timers of one length end in the order in which they were set.
    if (delayMs === 0) write(piece);
    else setTimeout(write, delayMs, piece);
  });
  to.on("drain", () => from.resume());
  from.on("end", () => setTimeout(() => to.end(), delayMs));
  from.on("error", () => to.destroy());
}

/** A line that begins with a tag is a command, unless it is inside a literal. */
function commandCounter(): (piece: Buffer) => void {
  let literalLeft = 0;
  let line = "";
  return (piece) => {
    for (let at = 0; at < piece.length; ) {
      if (literalLeft > 0) {
        const skipped = Math.min(literalLeft, piece.length - at);
        literalLeft -= skipped;
        at += skipped;
        // Behind a literal the same command goes on.
        if (literalLeft === 0) line = " ";
        continue;
      }
      const end = piece.indexOf(10, at);
      line += piece.toString("latin1", at, end < 0 ? piece.length : end);
      at = end < 0 ? piece.length : end + 1;
      if (end < 0) continue;
      if (/^[^\s*+]+ [A-Za-z]/.test(line)) counts.commands += 1;
      literalLeft = Number(/\{(\d+)\+?\}\r?$/.exec(line)?.[1] ?? 0);
      line = "";
    }
  };
}

function relay(client: Socket, port: number, delayMs: number): void {
  const server = connect(port, "127.0.0.1");
  const count = commandCounter();
  let serverHasSpoken = false;
  for (const socket of [client, server]) socket.setNoDelay(true);
  passOn(client, server, delayMs, (piece) => {
    if (serverHasSpoken) counts.turns += 1;
    serverHasSpoken = false;
    count(piece);
  });
  passOn(server, client, delayMs, () => {
    serverHasSpoken = true;
  });
}

/** An own process, so that its CPU time is counted for nobody: told the server's port and the delay of one way. */
const [port, delayMs] = process.argv.slice(2).map(Number) as [number, number];
const listener = createServer((client) => relay(client, port, delayMs));
listener.listen(0, "127.0.0.1", () => {
  const address = listener.address();
  process.send?.(typeof address === "object" ? address?.port : 0);
});
process.on("message", () => {
  process.send?.(counts satisfies RelayCounts);
  counts = { commands: 0, turns: 0 };
});
process.on("disconnect", () => process.exit(0));
