import { base64 } from "../wire/imap/encode.ts";
import type { LoginHow } from "./login-how.ts";

/** Who logs in, as SASL PLAIN names it (RFC 4616 §2). */
export interface Identity {
  /** Whom to act for; empty = the one who authenticates. */
  readonly authzid: Buffer;
  readonly user: Buffer;
  /** Not a copy: it stays its owner's, who wipes it. */
  readonly password: Buffer;
}

/** The identity that a way to log in stands for. */
export function identityOf(how: LoginHow): Identity {
  const password = how.password.reveal();
  switch (how.kind) {
    case "password":
      return { authzid: Buffer.alloc(0), user: how.user, password };
    case "authzid":
      return { authzid: how.user, user: how.master, password };
    case "separator": {
      const user = Buffer.concat([how.user, Buffer.from(how.separator, "utf8"), how.master]);
      return { authzid: Buffer.alloc(0), user, password };
    }
  }
}

/** A NUL cannot travel in PLAIN (RFC 4616 §2), in a POP3 line or in an IMAP literal: no server knows such a password. */
export function hasNul(identity: Identity): boolean {
  return Object.values(identity).some((octets: Buffer) => octets.includes(0));
}

/** The one message of SASL PLAIN in base64; the caller wipes it once it is sent. */
export function plainMessage({ authzid, user, password }: Identity): Buffer {
  const nul = Buffer.alloc(1);
  const message = Buffer.concat([authzid, nul, user, nul, password]);
  const encoded = base64(message);
  message.fill(0);
  return encoded;
}
