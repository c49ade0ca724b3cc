import { createServer, Packet } from "dns2";

/** What the server says of one name: MX as `priority host`, TXT as texts. */
export interface DnsAnswers {
  readonly mx?: readonly string[];
  readonly txt?: readonly string[];
}

export interface DnsServer {
  /** `address:port`, as the configuration wants it. */
  readonly server: string;
  /** The answers may be changed while it runs. */
  readonly names: Map<string, DnsAnswers>;
  /** Questions so far, as `NAME TYPE`. */
  readonly asked: string[];
  /** How it answers: `silent` = never, `failing` = SERVFAIL. */
  mood: "answering" | "silent" | "failing";
  stop(): Promise<void>;
}

const { TYPE, CLASS, RCODE } = Packet;

/** A small DNS server on loopback; names that it does not know do not exist. */
export async function startDnsServer(names: Record<string, DnsAnswers>): Promise<DnsServer> {
  const known = new Map(Object.entries(names));
  const asked: string[] = [];
  const listener = createServer({
    udp: true,
    handle: (request, send) => {
      const response = Packet.createResponseFromRequest(request);
      const question = request.questions[0];
      const name = String(question?.name).toLowerCase();
      asked.push(`${name} ${question?.type === TYPE.MX ? "MX" : "TXT"}`);
      if (running.mood === "silent") return;
      const answers = known.get(name);
      if (running.mood === "failing") response.header.rcode = RCODE.SERVFAIL;
      else if (answers === undefined) response.header.rcode = RCODE.NXDOMAIN;
      else response.answers.push(...recordsFor(name, question?.type, answers));
      void send(response);
    },
  });
  const { udp } = await listener.listen({ udp: { port: 0, address: "127.0.0.1" } });
  const running: DnsServer = {
    server: `127.0.0.1:${udp?.port}`,
    names: known,
    asked,
    mood: "answering",
    stop: () => listener.close(),
  };
  return running;
}

function recordsFor(
  name: string,
  type: number | undefined,
  answers: DnsAnswers,
): InstanceType<typeof Packet.Resource>[] {
  if (type === TYPE.MX)
    return (answers.mx ?? []).map((text) => {
      const [priority = "0", exchange = ""] = text.split(" ");
      const parts = { name, type, class: CLASS.IN, ttl: 60, priority: Number(priority), exchange };
      return new Packet.Resource(parts);
    });
  if (type === TYPE.TXT)
    return (answers.txt ?? []).map((text) => {
      const parts = { name, type, class: CLASS.IN, ttl: 60, data: piecesOf(text) };
      return new Packet.Resource(parts);
    });
  return [];
}

/** RFC 1035 §3.3: a character string has at most 255 octets. */
function piecesOf(text: string): string[] {
  return text.match(/.{1,255}/gs) ?? [""];
}
