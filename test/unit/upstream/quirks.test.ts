import { describe, expect, it } from "vitest";
import { quirksOf } from "../../../src/upstream/quirks.ts";

/** As the servers wrote it themselves. */
const COURIER_5 =
  "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE ACL ACL2=UNION ENABLE UTF8=ACCEPT";
const CYRUS_3_6 =
  "IMAP4rev1 LITERAL+ ID ENABLE ACL ANNOTATE-EXPERIMENT-1 BINARY CATENATE CHILDREN CONDSTORE ESEARCH LIST-EXTENDED MOVE MULTIAPPEND NAMESPACE QRESYNC STATUS=SIZE THREAD=ORDEREDSUBJECT UIDPLUS UNSELECT NO_ATOMIC_RENAME SCAN XMOVE COMPRESS=DEFLATE IDLE";
const DOVECOT_2_3 =
  "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT THREAD=REFERENCES THREAD=ORDEREDSUBJECT MULTIAPPEND UNSELECT CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED CONDSTORE QRESYNC LITERAL+";

function serverWith(capabilities: string) {
  const words = new Set(capabilities.split(" "));
  return { has: (capability: string) => words.has(capability) };
}

describe("the quirks of a server", () => {
  it("are those of its kind, which it shows by what it offers", () => {
    expect(quirksOf(serverWith(COURIER_5)).idleRoundMs).toBe(4_000);
    expect(quirksOf(serverWith(CYRUS_3_6)).idleRoundMs).toBe(4_000);
  });

  it("are none where it is not recognised", () => {
    expect(quirksOf(serverWith(DOVECOT_2_3)).idleRoundMs).toBeNull();
    expect(quirksOf(serverWith("IMAP4rev1")).idleRoundMs).toBeNull();
  });
});
