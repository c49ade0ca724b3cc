import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { MODES, play } from "./play.ts";
import { makeTlsPair, type TlsPair } from "./stage.ts";
import { parseTranscript } from "./transcript.ts";

const FOLDER = new URL("imap/", import.meta.url);
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith(".dlg"));

let tls: TlsPair;

beforeAll(async () => {
  tls = await makeTlsPair();
});

describe.each(FILES)("%s", (name) => {
  const transcript = parseTranscript(readFileSync(new URL(name, FOLDER), "utf8"));

  const left = [
    ...(transcript.lockstep ? ["all in one packet"] : []),
    ...(transcript.atOnce ? ["byte by byte"] : []),
  ];

  test.each(MODES.filter((mode) => !left.includes(mode)))(`${transcript.fact} (%s)`, async (mode) => {
    expect(transcript.fact).not.toBe("");
    await play(transcript, mode, tls);
  });
});
