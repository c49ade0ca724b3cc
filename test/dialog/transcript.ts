import type { FailureKind } from "../../src/model/failure.ts";
import { FAILURES } from "../../src/model/failure.ts";
import type { ProtocolName } from "../../src/model/protocol.ts";
import type { ListenerPolicy } from "../../src/session/session.ts";

/**
 * A transcript (`*.dlg`) states one fact about a session and proves it.
 *
 *     # The fact, in one sentence.
 *     @tls starttls                    settings, before the first line of the dialog
 *     L: "mario" "se cret" granted     the next login must have this user and password, and ends like this
 *     C: a LOGIN mario "se cret"       the client says
 *     S: a OK [CAPABILITY …] Logged in the client hears
 *     R: b NOOP                        the target receives
 *     T: b OK done                     the target says
 *
 * Settings: `@protocol imap|pop3|submission|sieve` (the folder's name), `@tls none|starttls|implicit` (none), `@plaintext never|loopback|always` (always), `@capability …` of the IMAP
 * target after login (`-` = it names none), `@offers …` what the target's server is known to offer, with ` | ` between (nothing), `@behind …` a line that the target sends in the same packet as its OK, `@lockstep` where nothing may
 * be sent ahead, `@at-once` where the cut into octets would state another fact.
 * Outcomes of a login: `granted`, or the kind of a failure; behind it may stand what else the target is told: `utf8`, or the name of an SMTP client. `C|` sends without a line end. `\xNN` is an octet, `\\` a backslash; a heard line may end in `…`
 * for anything. In angle brackets: `C: <starttls>` begins TLS now, `C: <end>` ends the sending direction, `C: <break>` breaks the connection, `S: <end>` and `R: <end>` expect the
 * other side to have ended, `T: <end>` ends the target.
 */
export interface Transcript {
  readonly fact: string;
  readonly listener: ListenerPolicy;
  readonly capability: string | null;
  readonly offers: readonly string[];
  readonly behind: string;
  readonly lockstep: boolean;
  readonly atOnce: boolean;
  readonly logins: readonly ScriptedLogin[];
  readonly steps: readonly DialogStep[];
}

export interface ScriptedLogin {
  readonly user: string;
  readonly password: string;
  readonly outcome: "granted" | FailureKind;
  /** What else the target is told; `null` where the transcript does not say. */
  readonly told: string | null;
}

export type DialogStep =
  | { readonly who: "client" | "target"; readonly does: "send"; readonly text: string; readonly line: number }
  | { readonly who: "client" | "target"; readonly does: "hear"; readonly text: string; readonly line: number }
  | { readonly who: "client" | "target"; readonly does: "hear-end"; readonly line: number }
  | { readonly who: "client" | "target"; readonly does: "end" | "break" | "starttls"; readonly line: number };

const ACTORS = {
  C: { who: "client", does: "send" },
  S: { who: "client", does: "hear" },
  T: { who: "target", does: "send" },
  R: { who: "target", does: "hear" },
} as const;

/**
 * @param protocol what is spoken where the transcript does not say
 * @throws {Error} naming the line that cannot be understood
 */
export function parseTranscript(text: string, protocol: ProtocolName): Transcript {
  const facts: string[] = [];
  const settings = new Map<string, string>();
  const logins: ScriptedLogin[] = [];
  const steps: DialogStep[] = [];
  for (const [index, content] of text.split("\n").entries()) {
    const line = index + 1;
    if (content === "") continue;
    if (content.startsWith("# ")) facts.push(content.slice(2));
    else if (content.startsWith("@")) {
      const [name = "", ...value] = content.slice(1).split(" ");
      settings.set(name, value.join(" "));
    } else if (content.startsWith("L: ")) logins.push(parseLogin(content, line));
    else steps.push(parseStep(content, line));
  }
  return {
    fact: facts.join(" "),
    listener: {
      protocol: (settings.get("protocol") ?? protocol) as ListenerPolicy["protocol"],
      tls: (settings.get("tls") ?? "none") as ListenerPolicy["tls"],
      plaintextLogin: (settings.get("plaintext") ?? "always") as ListenerPolicy["plaintextLogin"],
    },
    capability: settings.get("capability") === "-" ? null : (settings.get("capability") ?? "IMAP4rev1 IDLE"),
    offers: (settings.get("offers") ?? "")
      .split(" | ")
      .flatMap((offer) => (offer === "" ? [] : [octets(offer)])),
    behind: settings.has("behind") ? `${octets(settings.get("behind") ?? "")}\r\n` : "",
    lockstep: settings.has("lockstep"),
    atOnce: settings.has("at-once"),
    logins,
    steps,
  };
}

function parseLogin(content: string, line: number): ScriptedLogin {
  const [, user = "", password = "", outcome = "", told = null] =
    /^L: "(.*)" "(.*)" (\S+)(?: (\S+))?$/.exec(content) ?? [];
  if (outcome !== "granted" && !(outcome in FAILURES))
    throw new Error(`line ${line} is no login: ${content}`);
  return {
    user: octets(user),
    password: octets(password),
    outcome: outcome as ScriptedLogin["outcome"],
    told,
  };
}

function parseStep(content: string, line: number): DialogStep {
  const [, letter = "", sign = "", text = ""] = /^([CSTR])([:|])(?: (.*))?$/.exec(content) ?? [];
  if (!(letter in ACTORS)) throw new Error(`line ${line} cannot be understood: ${content}`);
  const { who, does } = ACTORS[letter as keyof typeof ACTORS];
  if (text === "<end>") return { who, does: does === "hear" ? "hear-end" : "end", line };
  if (text === "<break>" || text === "<starttls>")
    return { who, does: text === "<break>" ? "break" : "starttls", line };
  return { who, does, text: octets(text) + (does === "send" && sign === ":" ? "\r\n" : ""), line };
}

function octets(text: string): string {
  return text.replace(/\\(?:x([0-9a-f]{2})|\\)/g, (_all, hex?: string) =>
    hex === undefined ? "\\" : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
