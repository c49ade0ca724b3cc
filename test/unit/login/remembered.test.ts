import { expect, test } from "vitest";
import { Secret } from "../../../src/kit/secret.ts";
import { LOGIN_LIMITS } from "../../../src/login/limits.ts";
import { RememberedPasswords } from "../../../src/login/remembered.ts";

const secret = (text: string) => new Secret(Buffer.from(text));

function rememberedAt(limits: { rememberMs: number; remembered: number }) {
  const time = { now: 1_000 };
  return {
    time,
    remembered: new RememberedPasswords({ now: () => time.now }, { ...LOGIN_LIMITS, ...limits }),
  };
}

test("a password is known for its account, verifier and time only", () => {
  const { time, remembered } = rememberedAt({ rememberMs: 500, remembered: 10 });
  remembered.remember("a@a.it", "v1", secret("pw"));
  expect(remembered.has("a@a.it", "v1", secret("pw"))).toBe(true);
  expect(remembered.has("a@a.it", "v1", secret("pW"))).toBe(false);
  expect(remembered.has("b@a.it", "v1", secret("pw"))).toBe(false);
  expect(remembered.has("a@a.it", "v2", secret("pw"))).toBe(false);
  time.now += 499;
  expect(remembered.has("a@a.it", "v1", secret("pw"))).toBe(true);
  time.now += 1;
  expect(remembered.has("a@a.it", "v1", secret("pw"))).toBe(false);
});

test("it can be forgotten, and the oldest goes when there are too many", () => {
  const { remembered } = rememberedAt({ rememberMs: 500, remembered: 2 });
  for (const address of ["a", "b", "a", "c"]) remembered.remember(address, "v", secret("pw"));
  expect(["a", "b", "c"].map((address) => remembered.has(address, "v", secret("pw")))).toEqual([
    true,
    false,
    true,
  ]);
  remembered.forget("a");
  expect(remembered.has("a", "v", secret("pw"))).toBe(false);
});
