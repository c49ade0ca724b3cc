import { fetchEverything } from "../fetch-everything.ts";
import { type CopyJob, readJob, reportOn } from "../job.ts";
import { Batches } from "../multi-append.ts";
import { Wire } from "../wire.ts";

/**
 * The least that a copy can cost: one streamed UID FETCH a folder into MULTIAPPENDs of 100, over one pair of connections, nothing
 * remembered and nothing checked. An own program, so that it has a process to itself.
 */
const job = await readJob();
if (job.before) await copy(job.before);
await reportOn(() => copy(job));

async function copy(job: CopyJob): Promise<void> {
  const [source, target] = await Promise.all([Wire.open(job.source), Wire.open(job.target)]);
  const folders = await source.folders();
  const batches = new Batches(target);
  batches.create(folders);
  let isCorked = false;
  // What came from the source in one piece goes out in one piece.
  const gather = () => {
    if (!isCorked) target.cork();
    isCorked = true;
  };
  await fetchEverything(source, folders, {
    onMessage: (head) => {
      gather();
      batches.begin(head);
    },
    onOctets: (octets) => {
      gather();
      target.write(octets);
    },
    onFolderEnd: () => batches.end(),
    onPause: () => {
      if (isCorked) target.uncork();
      isCorked = false;
      if (target.isFull) source.waitFor(target);
    },
  });
  await batches.answered();
  await Promise.all([source.close(), target.close()]);
}
