import { fetchEverything, type MessageHead } from "../fetch-everything.ts";
import { readJob, reportOn } from "../job.ts";
import { Batches } from "../multi-append.ts";
import { Wire } from "../wire.ts";

interface Held {
  readonly head: MessageHead;
  readonly pieces: Buffer[];
}

/** The other half of the limit: all messages are in memory already, and only their APPENDs are measured. */
const job = await readJob();
const source = await Wire.open(job.source);
const folders = await source.folders();
const messages: Held[] = [];
await fetchEverything(source, folders, {
  onMessage: (head) => void messages.push({ head, pieces: [] }),
  onOctets: (octets) => void messages.at(-1)?.pieces.push(octets),
});
await source.close();

await reportOn(async () => {
  const target = await Wire.open(job.target);
  const batches = new Batches(target);
  batches.create(folders);
  for (const { head, pieces } of messages) {
    target.cork();
    batches.begin(head);
    for (const piece of pieces) target.write(piece);
    target.uncork();
    if (target.isFull) await target.drained();
  }
  batches.end();
  await batches.answered();
  await target.close();
});
