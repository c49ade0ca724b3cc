import { it } from "vitest";
import { startCourier } from "../kit/courier.ts";
import { PASSWORD, startCopying } from "../kit/copying.ts";
import { fillMailbox } from "../kit/mailbox.ts";
import { letters } from "./source-suite.ts";
for (const perAddress of [1, 2]) it(`per ${perAddress}`, async () => {
  const copying = await startCopying({ users: ["anna", "bruno"], copy: { pairsPerAccount: 4 } }, (users) => startCourier({ users, perAddress }));
  try {
    for (const u of ["anna", "bruno"]) await fillMailbox(copying.source.endpoint(), copying.address(u), PASSWORD, Object.fromEntries(["A", "B", "C", "D", "E", "F"].map((n) => [`INBOX.${n}`, letters(0, 400, 2000)])));
    console.log(await Promise.all([copying.pass("anna"), copying.pass("bruno")]));
    for (const l of copying.logged) { const j = JSON.parse(l); console.log(j.event, j.msg, JSON.stringify(j.causes ?? "")); }
    console.log(await copying.pass("bruno"));
    console.log([...await copying.deps.governor.standings()]);
  } finally { console.log((await copying.source.log()).match(/ALERT.*/g)); await copying.stop(); }
});
