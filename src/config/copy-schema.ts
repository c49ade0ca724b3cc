import { z } from "zod";
import { count, duration, size, timeOfDay, timeZone, word } from "./values.ts";

const night = z
  .strictObject({
    from: timeOfDay().meta({ description: "when it begins", example: "22:00" }),
    to: timeOfDay().meta({ description: "when it ends", example: "06:00" }),
    timeZone: timeZone()
      .optional()
      .meta({ description: "whose clock counts; default: the machine's", example: "Europe/Rome" }),
    connectionsPerSource: count(1, 1000)
      .optional()
      .meta({ description: "in place of the day's; default: the day's", example: 16 }),
    bytesPerSecond: size()
      .nullable()
      .optional()
      .meta({ description: "in place of the day's, null = no cap; default: the day's", example: "50M" }),
  })
  .refine((written) => written.from !== written.to, {
    path: ["to"],
    error: "must not be the same time as from",
  })
  .refine((written) => written.connectionsPerSource !== undefined || written.bytesPerSecond !== undefined, {
    error: "changes nothing: give connectionsPerSource or bytesPerSecond for the night, or remove it",
  })
  .optional()
  .meta({ description: "other limits for a part of each day" });

/** The block `copy`. */
export const copy = z
  .strictObject({
    connectionsPerSource: count(1, 1000).prefault(8).meta({
      description: "most connections to one source host, over all machines; less where the host refuses",
    }),
    pairsPerAccount: count(1, 32)
      .prefault(2)
      .meta({ description: "parallel source/target connection pairs for one account" }),
    bytesPerSecond: size()
      .nullable()
      .prefault(null)
      .meta({ description: "cap per source host, of message contents, in each process; null = none" }),
    night,
    maxMessageSize: size()
      .nullable()
      .prefault(null)
      .meta({ description: "larger messages are reported, never silently skipped" }),
    syncInterval: duration(100)
      .prefault("5m")
      .meta({ description: "time between two passes over an account" }),
    order: word(["newest-first", "oldest-first"]).prefault("newest-first").meta({
      description: "newest-first shows today's mail at once; oldest-first keeps the order of arrival exactly",
    }),
    compress: word(["auto", "always", "never"]).prefault("auto").meta({
      description: "COMPRESS=DEFLATE to a source that offers it; auto = where it pays",
    }),
  })
  .prefault({})
  .meta({ description: "how mail is copied" });
