import { Command, Option } from "commander";
import { parseDomainName } from "../model/address.ts";
import { type Domain, LOGIN_FORMS, type LoginForm } from "../model/domain.ts";
import { NotFoundError, type Reseal } from "../store/store.ts";
import { sourceSealContext } from "../vault/seal-context.ts";
import type { Vault } from "../vault/vault.ts";
import { type App, withApp } from "./context.ts";
import { type CutoverOptions, cutoverOf, withCutoverOptions } from "./cutover-option.ts";
import { domainView, printDomain } from "./domain-view.ts";
import {
  type FolderOptions,
  folderPoliciesOf,
  withFolderOptions,
  withoutFolderOptions,
} from "./folder-option.ts";
import { CliError } from "./output.ts";
import type { Runner } from "./program.ts";
import { type ServeOptions, warnOfServe, withServeOption } from "./serve-option.ts";
import { endpointOf, type SourceOptions, withSourceOptions } from "./source-option.ts";
import { warnOfSource, withoutTrustOptions } from "./source-trust.ts";

interface Options extends SourceOptions, CutoverOptions, FolderOptions, ServeOptions {
  readonly login?: LoginForm;
}

const SOURCE_OPTIONS = [
  "source",
  "tls",
  "sourceCa",
  "sourceFingerprint",
  "sourceWeakTls",
  "acceptAnyCertificate",
] as const;

/** `imbarco domain set NAME …`: changes what was said at `domain add`. */
export function domainSetCommand(run: Runner): Command {
  const command = new Command("set")
    .description(
      "change the source, the rules for folders, where users read their mail, or the DNS records of a domain",
    )
    .argument("<name>", "the domain")
    .option("--source <host[:port]>", "its old IMAP server")
    .addOption(new Option("--login <form>", "what users are called at the source").choices(LOGIN_FORMS));
  return withoutTrustOptions(
    withServeOption(withoutFolderOptions(withFolderOptions(withCutoverOptions(withSourceOptions(command))))),
  ).action(
    run(async (context, text: string, options: Options) => {
      const name = parseDomainName(text);
      if (Object.keys(options).length === 0)
        throw new CliError("usage", "nothing to change was given", {
          hint: "See imbarco domain set --help.",
          exitStatus: 2,
        });
      await withApp(context, async (app) => {
        const before = await app.store.domains.get(name);
        if (!before)
          throw new NotFoundError(`there is no domain ${name}; "imbarco domain list" shows those there are`);
        const domain = await change(app, before, options);
        if (domain.source !== before.source) warnOfSource(context.out, domain.source);
        if (options.serve !== undefined || options.sourceDeletes !== undefined)
          warnOfServe(context.out, domain);
        if (placesChange(before, domain))
          context.out.note(
            "Folders that have a place on the target keep it: the rules count for those that were not copied before.",
          );
        const view = await domainView(app.store, domain);
        if (context.json) context.out.json(view);
        else printDomain(context.out, view);
      });
    }),
  );
}

async function change(app: App, before: Domain, options: Options): Promise<Domain> {
  const concernsCopy = Object.keys(options).some((option) => !option.startsWith("cutover"));
  if (concernsCopy && before.state === "finalized")
    throw new CliError("finalized", `${before.name} is finalized: its source is never contacted again`);
  const concernsSource = SOURCE_OPTIONS.some((option) => options[option] !== undefined);
  const source = concernsSource ? endpointOf(options, before.source) : before.source;
  const patch = {
    source,
    login: options.login ?? before.login,
    serve: options.serve ?? before.serve,
    cutover: cutoverOf(options, before.cutover),
    ...folderPoliciesOf(options, before),
  };
  const next = { ...before, ...patch };
  // Kept passwords are bound to host and login name, so they move in the same transaction or the change does not happen.
  const isBoundElsewhere = next.source.host !== before.source.host || next.login !== before.login;
  const reseal = isBoundElsewhere ? resealing(await app.vault(), before, next) : undefined;
  return await app.store.domains.update(before.name, patch, reseal);
}

function placesChange(before: Domain, after: Domain): boolean {
  return JSON.stringify(before.folderMap) !== JSON.stringify(after.folderMap);
}

function resealing(vault: Vault, before: Domain, next: Domain): Reseal {
  return (account, sealed) => {
    const password = vault.unseal(sealed, sourceSealContext(before, account));
    try {
      return vault.seal(password, sourceSealContext(next, account));
    } finally {
      password.wipe();
    }
  };
}
