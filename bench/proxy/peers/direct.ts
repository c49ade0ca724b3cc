import type { Contestant } from "../contestants.ts";

/** No proxy at all: what the mail server and the load generator can do. */
export const direct: Contestant = {
  name: "no proxy",
  absence: () => null,
  start: async ({ stubPort }) => ({
    pid: null,
    plain: { port: stubPort, tls: false },
    tls: null,
    stop: async () => {},
  }),
};
