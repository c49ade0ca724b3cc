import { describe } from "vitest";
import { startCourier } from "../kit/courier.ts";
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
