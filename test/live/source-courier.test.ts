import { describe, expect, it } from "vitest";
import { openImap } from "../../src/upstream/open.ts";
import { type Copying, startCopying } from "../kit/copying.ts";
import { startCourier } from "../kit/courier.ts";
import type { OtherSource } from "../kit/other-sources.ts";
import {
  copiesLikeAnyOther,
  resumesAfterBreaks,
  type SourceUnderTest,
  tellsNewsSoon,
} from "./source-suite.ts";

const courier: SourceUnderTest = {
  start: (users) => startCourier({ users }),
  name: (...levels) => ["INBOX", ...levels].join("."),
  targetPath: ([inbox = "", ...rest]) => (rest.length === 0 ? [inbox] : rest),
};

describe("from Courier", () => {
  copiesLikeAnyOther(courier);
  resumesAfterBreaks(courier);
  tellsNewsSoon(courier);
});

describe("a Courier that bears two connections from one address", () => {
  async function connect({ deps, source }: Copying<OtherSource>, account: string) {
    const { governor } = deps;
    const permit = await governor.permit(source.endpoint(), account, AbortSignal.timeout(10_000));
    return governor.opening(permit, () => openImap(deps, "source", source.endpoint()));
  }

  it("closes a third without a word, and is asked for two from then on", async () => {
    const start = (users: Readonly<Record<string, string>>) => startCourier({ users, perAddress: 2 });
    const copying = await startCopying({ users: ["anna"] }, start);
    try {
      const held = [
        await connect(copying, "anna@example.test"),
        await connect(copying, "berta@example.test"),
      ];
      await expect(connect(copying, "carla@example.test")).rejects.toMatchObject({
        kind: "source-unreachable",
        message: expect.stringContaining("without a greeting"),
      });
      expect(copying.deps.governor.limit(copying.source.endpoint())).toBe(2);
      for (const connection of held) connection.close();
    } finally {
      await copying.stop();
    }
  });
});
