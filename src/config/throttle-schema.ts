import { z } from "zod";
import { DEFAULT_THROTTLE } from "../model/throttle.ts";
import { count, duration, network } from "./values.ts";

const { failuresPerNetwork, failuresPerAccount, refusalsPerSource } = DEFAULT_THROTTLE;

/** The block `throttle`. */
export const throttle = z
  .strictObject({
    failuresPerNetwork: count(1, 1_000_000).prefault(failuresPerNetwork).meta({
      description:
        "distinct wrong passwords from one client network within the window, beside one for each account that logs in from there; above that its logins hear UNAVAILABLE",
    }),
    failuresPerAccount: count(2, 1_000_000).prefault(failuresPerAccount).meta({
      description:
        "the same for one account, from networks that it does not come from; from a single network half of it",
    }),
    window: duration(1_000).prefault("1h").meta({ description: "how long a failure counts" }),
    exempt: z
      .array(network())
      .optional()
      .meta({
        description:
          "networks that many users come from, such as a webmail's: their accounts are throttled, they are not",
        example: ["192.0.2.10", "2001:db8:10::/64"],
      }),
    refusalsPerSource: z
      .strictObject({
        perMinute: count(1, 1_000_000)
          .prefault(refusalsPerSource.perMinute)
          .meta({ description: "within a minute" }),
        perHour: count(1, 1_000_000)
          .prefault(refusalsPerSource.perHour)
          .meta({ description: "within an hour" }),
      })
      .prefault({})
      .meta({
        description:
          "wrong passwords that reach one source, which sees them all come from imbarco; above that users who are not captured yet hear UNAVAILABLE",
      }),
  })
  .prefault({})
  .meta({ description: "wrong passwords, counted over all processes; see docs/security-of-logins.md" });
