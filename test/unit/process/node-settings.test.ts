import { afterEach, expect, test, vi } from "vitest";
import { beginAgain, nodeSettings } from "../../../src/process/node-settings.ts";

const SPARING = "--max-semi-space-size=2";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

test("whoever copies is kept sparing, whatever else it does", () => {
  expect(nodeSettings(["copier"], ["--trace-warnings"], {}).options).toEqual([SPARING, "--trace-warnings"]);
  expect(nodeSettings(["proxy", "copier"], [], {}).options).toEqual([SPARING]);
});

test("whoever only logs people in has room for what a login leaves behind", () => {
  expect(nodeSettings(["proxy"], ["--trace-warnings"], {}).options).toEqual(["--trace-warnings"]);
});

test("every process gives freed memory back", () => {
  for (const role of ["proxy", "copier", "admin"] as const)
    expect(nodeSettings([role], [], {}).environment).toMatchObject({ MALLOC_TRIM_THRESHOLD_: "131072" });
});

test("what the administrator has set counts", () => {
  const { options, environment } = nodeSettings(["copier"], ["--max-semi-space-size=32"], {
    MALLOC_TRIM_THRESHOLD_: "1",
  });
  expect(options.at(-1)).toBe("--max-semi-space-size=32");
  expect(environment).toEqual({ MALLOC_ARENA_MAX: "1" });
  const inEnvironment = { NODE_OPTIONS: "--trace-warnings --max-semi-space-size=32" };
  expect(nodeSettings(["copier"], [], inEnvironment).options).toEqual([]);
});

test("the process begins again, unless it was told to end meanwhile: the new beginning would not know", async () => {
  vi.stubEnv("IMBARCO_SETTINGS", undefined);
  const execve = vi.fn();
  vi.spyOn(process, "execve").mockImplementation(execve as never);
  // The signals of whoever runs the tests stay heard.
  vi.spyOn(process, "removeAllListeners").mockReturnThis();
  const told = new AbortController();
  const beginning = beginAgain(["copier"], told.signal);
  told.abort();
  await beginning;
  expect(execve).not.toHaveBeenCalled();
  await beginAgain(["copier"], new AbortController().signal);
  expect(execve).toHaveBeenCalledOnce();
  vi.stubEnv("IMBARCO_SETTINGS", "1");
  await beginAgain(["copier"], new AbortController().signal);
  expect(execve).toHaveBeenCalledOnce();
});
