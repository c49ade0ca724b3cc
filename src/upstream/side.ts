/** Which of the two servers of a migration a connection goes to. It names the failure kinds: `source-unreachable`, `target-limit`, … */
export type Side = "source" | "target";
