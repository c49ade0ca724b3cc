import { describe, expect, it } from "vitest";
import type { Kind } from "./model-server.ts";
import { ALIKE, type Deed, NEVER, play } from "./moves-story.ts";

/** Stories that the properties in copy-moves.test.ts have come upon. */
describe("messages that move between folders, over kills at just the wrong moment", () => {
  const mailTo = (folder: "A" | "C", kind: number) => ({ what: "mail", folder, kind }) as const;
  const doneTo = (what: "move" | "copy", folder: "A" | "B" | "C", to: "B" | "C", at: number) =>
    ({ what, folder, to, at }) as const;
  const inA = (what: "flag" | "remove") => ({ what, folder: "A", at: 0 }) as const;
  const pass = (killAfter: number, meanwhile: readonly Deed[] = [], reachesTarget = false) => ({
    what: "pass" as const,
    killAfter,
    reachesTarget,
    meanwhile: [...meanwhile],
  });
  const alike = (number: number) => ALIKE[number] as Kind;
  const checks = { notTwice: true, least: (present: number) => present };

  it("have the flags of the source when it takes a change back that reached the target just before the copier died", async () => {
    for (let killAfter = 0; killAfter < 12; killAfter += 1) {
      const change = [pass(NEVER), inA("flag"), pass(killAfter, [], true), inA("flag")] as const;
      await expect(play([mailTo("A", 2), inA("flag"), ...change], alike, checks)).resolves.toBeUndefined();
    }
  });

  it("are not forgotten as gone when an interrupted move is found after their old folder was looked at", async () => {
    const moved = [mailTo("C", 0), doneTo("copy", "A", "B", 0), doneTo("move", "B", "C", 0)] as const;
    const moving = [inA("remove"), mailTo("C", 0)] as const;
    const after = [
      inA("flag"),
      inA("remove"),
      doneTo("move", "C", "C", 5),
      doneTo("move", "C", "C", 0),
    ] as const;
    for (let killAfter = 0; killAfter < 8; killAfter += 1) {
      const events = [mailTo("A", 0), pass(NEVER, moved), pass(killAfter, moving), pass(NEVER, after)];
      await expect(play([...events, doneTo("move", "C", "B", 0)], alike, checks)).resolves.toBeUndefined();
    }
  });

  it("are not forgotten as moved with one that the source has deleted while its move was interrupted", async () => {
    for (let killAfter = 0; killAfter < 8; killAfter += 1) {
      const first = pass(NEVER, [{ what: "mail", folder: "B", kind: 2 }]);
      const moving = pass(killAfter, [{ what: "remove", folder: "B", at: 0 }]);
      const replaced = [mailTo("A", 0), inA("remove")] as const;
      await expect(
        play([first, mailTo("A", 2), moving, ...replaced], alike, checks),
      ).resolves.toBeUndefined();
    }
  });

  it("are not forgotten as moved either where their old folder is looked at before the new one", async () => {
    for (const reachesTarget of [false, true])
      for (let killAfter = 0; killAfter < 12; killAfter += 1) {
        const moving = [doneTo("move", "A", "B", 0), pass(killAfter, [], reachesTarget)] as const;
        const gone = [{ what: "remove", folder: "B", at: 0 } as const, pass(NEVER)] as const;
        const events = [mailTo("A", 0), pass(NEVER), ...moving, ...gone, mailTo("C", 4), pass(NEVER)];
        await expect(play(events, alike, checks)).resolves.toBeUndefined();
      }
  });

  it("keep the flags that the source has set or taken away when they move on a target that does not say where they are", async () => {
    const move = doneTo("move", "A", "B", 0);
    const set = [mailTo("A", 0), pass(NEVER), inA("flag"), move, pass(NEVER)];
    await expect(play(set, alike, checks)).resolves.toBeUndefined();
    for (let killAfter = 0; killAfter < 12; killAfter += 1) {
      const takenBack = [mailTo("A", 0), inA("flag"), pass(NEVER), pass(NEVER), inA("flag"), move];
      const events = [...takenBack, pass(killAfter, [], true), pass(NEVER)];
      await expect(play(events, alike, checks)).resolves.toBeUndefined();
    }
  });
});
