import { styleText } from "node:util";

/** What the demo says on the terminal; without colours where there is no terminal or `NO_COLOR` is set. */
let steps = 0;

/** The headline of the next step. */
export function step(title: string): void {
  steps += 1;
  print(`\n${style(["bold", "cyan"], `${steps}. ${title}`)}`);
}

/** A sentence of explanation. */
export function say(text: string): void {
  print(`   ${text}`);
}

/** A command as a person would type it. */
export function showCommand(words: readonly string[]): void {
  print(`\n   ${style(["bold"], `$ imbarco ${words.map(quoted).join(" ")}`)}`);
}

/** What a mail program and a server say to each other. */
export function showDialog(client: string, server: string): void {
  print(`   ${style(["dim"], "mail program:")} ${client}`);
  print(`   ${style(["dim"], "imbarco:")}      ${server}`);
}

/** Something that was to be shown and held. */
export function good(text: string): void {
  print(`   ${style(["green"], "✔")} ${text}`);
}

/** Something that did not hold. */
export function bad(text: string): void {
  print(`   ${style(["red"], "✘")} ${text}`);
}

/** Lines as they are. */
export function print(text = ""): void {
  process.stdout.write(`${text}\n`);
}

export function usesColours(): boolean {
  return process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "";
}

type Style = Parameters<typeof styleText>[0];

function style(how: Style, text: string): string {
  return usesColours() ? styleText(how, text, { validateStream: false }) : text;
}

/** Quoted for a shell where it must be. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
