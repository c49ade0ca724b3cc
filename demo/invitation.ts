import type { ImbarcoProcess } from "../test/kit/imbarco.ts";
import type { DemoAccount } from "./mailboxes.ts";

/** How a person connects with a mail program of their own while the demo stays up. */
export function invitation(imbarco: ImbarcoProcess, accounts: readonly DemoAccount[]): string {
  const straggler = accounts.at(-1);
  const rows = accounts.map(({ address, password }) => `     ${address.padEnd(24)} ${password}`);
  const server = `imap://127.0.0.1:${imbarco.imapPort}/`;
  const settings = `set folder=${server} imap_user=${straggler?.address} certificate_file=${imbarco.caFile} ssl_force_tls mail_check=1 timeout=1`;
  return `   Everything stays up until Ctrl-C. Connect with a mail program and any of the old passwords;
   the last account has not been moved yet, its mail comes when you log in:

${rows.join("\n")}

   mutt (in another terminal):

     mutt -n -F /dev/null -e '${settings}' -f ${server}INBOX

   Thunderbird: IMAP, server 127.0.0.1, port ${imbarco.imapPort} with STARTTLS or ${imbarco.imapsPort} with SSL/TLS,
   "normal password". It will warn about the certificate, which the demo made for itself: accept it.
   No outgoing server is needed.

   imbarco's own commands:

     export IMBARCO_CONFIG=${imbarco.configFile}
     node tools/imbarco.mjs watch
     node tools/imbarco.mjs users show ${straggler?.address}
`;
}
