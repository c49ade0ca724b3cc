import { once } from "node:events";
import { connect } from "node:net";

const ANSWER_LIMIT_MS = 5_000;

/**
 * Whether an IMAP server greets at this port of 127.0.0.1.
 * @throws when it cannot be reached
 */
export async function greets(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    const [first] = (await once(socket, "data", { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) })) as [
      Buffer,
    ];
    return first.toString("latin1").startsWith("* OK");
  } finally {
    socket.destroy();
  }
}

/**
 * Whether something accepts connections at this port of 127.0.0.1.
 * @throws when it cannot be reached
 */
export async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    return true;
  } finally {
    socket.destroy();
  }
}
