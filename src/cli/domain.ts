import { Command, Option } from "commander";
import { parseDomainName } from "../model/address.ts";
import { DEFAULT_FOLDER_POLICIES, LOGIN_FORMS, type LoginForm } from "../model/domain.ts";
import { NotFoundError, StoreConflictError } from "../store/store.ts";
import { confirm } from "./confirm.ts";
import { withApp } from "./context.ts";
import { counted } from "./counted.ts";
import { type CutoverOptions, cutoverOf, withCutoverOptions } from "./cutover-option.ts";
import { domainSetCommand } from "./domain-set.ts";
import { domainDisableCommand, domainEnableCommand } from "./domain-switch.ts";
import { domainView, nextStep, printDomain, printDomains, totalOf } from "./domain-view.ts";
import { type FolderOptions, folderPoliciesOf, withFolderOptions } from "./folder-option.ts";
import type { Runner } from "./program.ts";
import { type ServeOptions, warnOfServe, withServeOption } from "./serve-option.ts";
import { endpointOf, type SourceOptions, withSourceOptions } from "./source-option.ts";
import { warnOfSource } from "./source-trust.ts";
import { sourceRows, sourceView } from "./source-view.ts";

interface AddOptions extends SourceOptions, CutoverOptions, FolderOptions, ServeOptions {
  readonly login: LoginForm;
}

/** `imbarco domain …`: the domains under migration. */
export function domainCommand(run: Runner): Command {
  return new Command("domain")
    .addCommand(addCommand(run))
    .addCommand(listCommand(run))
    .addCommand(showCommand(run))
    .addCommand(domainSetCommand(run))
    .addCommand(domainEnableCommand(run))
    .addCommand(domainDisableCommand(run))
    .addCommand(removeCommand(run));
}

function addCommand(run: Runner): Command {
  const command = new Command("add")
    .description("a new domain; nobody is let in before it is enabled")
    .argument("<name>", "the domain, such as example.org")
    .requiredOption("--source <host[:port]>", "its old IMAP server (port 143, or 993 with --tls implicit)")
    .addOption(
      new Option("--login <form>", "what users are called at the source")
        .choices(LOGIN_FORMS)
        .default("address"),
    );
  return withServeOption(withFolderOptions(withCutoverOptions(withSourceOptions(command)))).action(
    run(async (context, text: string, options: AddOptions) => {
      const name = parseDomainName(text);
      const source = endpointOf(options, null);
      const cutover = cutoverOf(options, { mx: [], txt: [] });
      const policies = folderPoliciesOf(options, DEFAULT_FOLDER_POLICIES);
      const createdAt = new Date().toISOString();
      const state = "preparing";
      const domain = {
        name,
        state,
        source,
        login: options.login,
        serve: options.serve ?? "target",
        cutover,
        ...policies,
        createdAt,
        finalizedAt: null,
      } as const;
      await withApp(context, async ({ store }) => {
        if (await store.domains.get(name))
          throw new StoreConflictError(
            `the domain ${name} is there already; "imbarco domain set ${name}" changes it, "imbarco domain show ${name}" says how it stands`,
          );
        await store.domains.add(domain);
        warnOfSource(context.out, source);
        warnOfServe(context.out, domain);
        if (context.json) context.out.json(await domainView(store, domain));
        else {
          context.out.line(`${name} is added, still closed (preparing).`);
          context.out.note(`next: imbarco users import ${name} FILE.csv`);
        }
      });
    }),
  );
}

function listCommand(run: Runner): Command {
  return new Command("list").description("all domains with the number of their accounts").action(
    run(async (context) => {
      await withApp(context, async ({ store }) => {
        const domains = await Promise.all(
          (await store.domains.list()).map((domain) => domainView(store, domain)),
        );
        if (context.json) context.out.json(domains);
        else if (domains.length > 0) printDomains(context.out, domains);
        else context.out.note("There is no domain yet. next: imbarco domain add NAME --source HOST");
      });
    }),
  );
}

function showCommand(run: Runner): Command {
  return new Command("show")
    .description("all that is known of a domain")
    .argument("<name>", "the domain")
    .action(
      run(async (context, text: string) => {
        const name = parseDomainName(text);
        await withApp(context, async ({ store, config }) => {
          const domain = await store.domains.get(name);
          if (!domain)
            throw new NotFoundError(
              `there is no domain ${name}; "imbarco domain list" shows those there are`,
            );
          const view = await domainView(store, domain);
          const atSource = await sourceView(store, domain, config.copy);
          if (context.json) {
            context.out.json({ ...view, ...atSource });
            return;
          }
          printDomain(context.out, view, sourceRows(atSource));
          const next = nextStep(view);
          if (next !== null) context.out.note(next);
        });
      }),
    );
}

function removeCommand(run: Runner): Command {
  return new Command("remove")
    .description("forget a domain with its accounts; mail and logins at the target stay")
    .argument("<name>", "the domain")
    .option("--yes", "do not ask")
    .action(
      run(async (context, text: string, options: { readonly yes?: boolean }) => {
        const name = parseDomainName(text);
        await withApp(context, async ({ store }) => {
          const accounts = totalOf(await store.accounts.counts(name));
          const loss = `${name} would be forgotten with ${counted(accounts, "account")}, their passwords and all that is known of what was copied; after adding it again, every message would be copied a second time.`;
          if (accounts > 0) await confirm(context, loss, options.yes);
          await store.domains.remove(name);
          if (context.json) context.out.json({ removed: name, accounts });
          else
            context.out.line(
              `${name} is removed with ${counted(accounts, "account")}; the target stays as it is.`,
            );
        });
      }),
    );
}
