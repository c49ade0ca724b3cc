import { existsSync, readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { PROTOCOLS } from "../../src/model/protocol.ts";
import { MODES, play } from "./play.ts";
import { makeTlsPair, type TlsPair } from "./stage.ts";
import { parseTranscript } from "./transcript.ts";

/** One folder a protocol. */
const FOLDERS = PROTOCOLS.map((protocol) => ({ protocol, folder: new URL(`${protocol}/`, import.meta.url) }));
const FILES = FOLDERS.filter(({ folder }) => existsSync(folder)).flatMap(({ protocol, folder }) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".dlg"))
    .map((name) => ({ protocol, name: `${protocol}/${name}` })),
);

let tls: TlsPair;

beforeAll(async () => {
  tls = await makeTlsPair();
});

describe.each(FILES)("$name", ({ protocol, name }) => {
  const transcript = parseTranscript(readFileSync(new URL(name, import.meta.url), "utf8"), protocol);

  const left = [
    ...(transcript.lockstep ? ["all in one packet"] : []),
    ...(transcript.atOnce ? ["byte by byte"] : []),
  ];

  test.each(MODES.filter((mode) => !left.includes(mode)))(`${transcript.fact} (%s)`, async (mode) => {
    expect(transcript.fact).not.toBe("");
    await play(transcript, mode, tls);
  });
});
