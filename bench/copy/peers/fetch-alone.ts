import { fetchEverything } from "../fetch-everything.ts";
import { readJob, reportOn } from "../job.ts";
import { Wire } from "../wire.ts";

/** Half of the limit: all messages are fetched and go nowhere. */
const job = await readJob();
await reportOn(async () => {
  const source = await Wire.open(job.source);
  await fetchEverything(source, await source.folders(), { onMessage: () => {}, onOctets: () => {} });
  await source.close();
});
