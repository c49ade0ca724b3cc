import { expect, it } from "vitest";
import { countsOf, deliver, mail, mails, manage } from "../kit/coexistence.ts";
import { startCopying } from "../kit/copying.ts";

it("a folder that is deleted on the target while there are others below it is known to be gone", async () => {
  const copying = await startCopying({ users: ["anna"], source: { separator: "/" } });
  try {
    await deliver(copying, "anna", {
      INBOX: mails("inbox", 2),
      Work: mails("work", 3),
      "Work/Rome": mails("rome", 2),
    });
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 7 });
    await manage(copying, "target", "anna", "DELETE Work");
    await deliver(copying, "anna", { Work: [mail("new work")], "Work/Rome": [mail("new rome")] });
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 2 });
    // As long as it is listed, it cannot be read.
    await manage(copying, "target", "anna", "DELETE Work.Rome");
    expect(countsOf(await copying.read("target", "anna"))).toEqual({ INBOX: 3 });
  } finally {
    await copying.stop();
  }
});

it("a folder that is deleted at the source while there are others below it does not stop the copy", async () => {
  const copying = await startCopying({ users: ["anna"], source: { separator: "/" } });
  try {
    const folders = { INBOX: mails("inbox", 2), Work: mails("work", 3), "Work/Rome": mails("rome", 2) };
    await deliver(copying, "anna", { ...folders, Old: mails("old", 1), "Old/Rome": mails("old rome", 1) });
    await manage(copying, "source", "anna", "DELETE Old");
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 8 });
    await manage(copying, "source", "anna", "DELETE Work");
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 0 });
    expect(countsOf(await copying.read("target", "anna"))).toMatchObject({ Work: 3, "Old/Rome": 1 });
    await manage(copying, "source", "anna", "CREATE Work");
    await deliver(copying, "anna", { Work: [mail("new work")] });
    expect(await copying.pass("anna")).toMatchObject({ kind: "done", copied: 1 });
    expect(countsOf(await copying.read("target", "anna"))).toMatchObject({ Work: 4 });
  } finally {
    await copying.stop();
  }
});
