import type { Config } from "../config/config.ts";
import type { Log } from "../log/log.ts";
import { noProvisioner } from "./none.ts";
import { passwdFileProvisioner } from "./passwd-file.ts";
import type { Provisioner } from "./provision.ts";

/** The provisioner that the configuration names. Touches nothing until it is used. */
export function openProvisioner(config: Config["target"]["provision"], log: Log): Provisioner {
  switch (config.kind) {
    case "passwd-file":
      return passwdFileProvisioner(config.path, log);
    case "none":
      return noProvisioner();
    default:
      return config satisfies never;
  }
}
