import { expect, test } from "vitest";
import { shortened } from "../../../src/cli/alike.ts";

const said = (account: string | null, message: string) => ({ account, message });

test("what is said of few accounts is said of each", () => {
  const all = [said("a@b.it", "one"), said(null, "whole"), said("c@b.it", "two")];
  expect(shortened(all)).toEqual(all.map(({ account, message }) => ({ who: account, message })));
});

test("the same of a thousand accounts is said of ten, however it names them, and other sentences stand beside it", () => {
  const many = Array.from({ length: 1000 }, (_, at) => said(`u${at}@b.it`, `u${at}@b.it cannot be reached`));
  const shown = shortened([...many, said("x@b.it", "its quota is full")]);
  expect(shown).toHaveLength(12);
  expect(shown.slice(-2)).toEqual([
    { who: "… and 990 more", message: "… cannot be reached" },
    { who: "x@b.it", message: "its quota is full" },
  ]);
});

test("a single one more is no reason to leave it out", () => {
  const eleven = Array.from({ length: 11 }, (_, at) => said(`u${at}@b.it`, "is waiting"));
  expect(shortened(eleven).map(({ who }) => who)).toEqual(eleven.map(({ account }) => account));
});
