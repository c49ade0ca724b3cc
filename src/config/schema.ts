import { z } from "zod";
import { CLIENT_ADDRESS } from "../model/endpoint.ts";
import { PROTOCOLS } from "../model/protocol.ts";
import { copy } from "./copy-schema.ts";
import { throttle } from "./throttle-schema.ts";
import {
  count,
  duration,
  fingerprint,
  host,
  listenAddress,
  network,
  path,
  port,
  resolver,
  serverName,
  text,
  word,
} from "./values.ts";

const TLS_MODES = ["starttls", "implicit", "none"] as const;

const store = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("sqlite").meta({ description: "one file, nothing to install" }),
      path: path().optional().meta({
        description: "the database; default: imbarco.db in dataDir",
        example: "/var/lib/imbarco/imbarco.db",
      }),
    }),
    z.strictObject({
      kind: z
        .literal("redis")
        .meta({ description: "several machines: Redis, Valkey, Sentinel or Cluster", notYet: true }),
      url: text().meta({ description: "where it is", example: "redis://127.0.0.1:6379/0" }),
      prefix: text().prefault("imbarco").meta({ description: "the beginning of every key" }),
    }),
  ])
  .prefault({ kind: "sqlite" })
  .meta({ description: "what imbarco remembers: domains, accounts, what has been copied" });

const tls = z
  .strictObject({
    certFile: path().meta({
      description: "certificate with its chain, PEM",
      example: "/etc/imbarco/fullchain.pem",
    }),
    keyFile: path().meta({
      description: "its private key, PEM, without passphrase",
      example: "/etc/imbarco/privkey.pem",
    }),
    sni: z
      .array(
        z.strictObject({
          names: z
            .array(serverName())
            .min(1, { error: "must name at least one host" })
            .meta({ description: "the names this certificate is for; `*.example.it` covers one label" }),
          certFile: path().meta({ description: "certificate with its chain, PEM" }),
          keyFile: path().meta({ description: "its private key, PEM" }),
        }),
      )
      .optional()
      .meta({
        description: "further certificates, by the name that the client asks for",
        example: [
          { names: ["mail.example.it"], certFile: "/etc/imbarco/it.pem", keyFile: "/etc/imbarco/it.key" },
        ],
      }),
  })
  .optional()
  .meta({ description: "what clients see; needed by listeners with tls starttls or implicit" });

const listeners = z
  .array(
    z.strictObject({
      protocol: word(PROTOCOLS).meta({ description: "what is spoken there" }),
      listen: listenAddress().meta({
        description: "address and port; port 0 is any free one",
        example: "0.0.0.0:143",
      }),
      tls: word(TLS_MODES).prefault("starttls").meta({ description: "how the connection is protected" }),
      plaintextLogin: word(["never", "loopback", "always"])
        .prefault("never")
        .meta({ description: "whether a password may come without TLS" }),
      proxyProtocol: z
        .array(network())
        .prefault([])
        .meta({
          description: "networks whose PROXY v1/v2 header is required and believed",
          example: ["10.0.0.0/8"],
        }),
    }),
  )
  .prefault([])
  .meta({
    description: "where clients connect; needed by the role proxy",
    example: [
      { protocol: "imap", listen: "0.0.0.0:143", tls: "starttls" },
      { protocol: "imap", listen: "0.0.0.0:993", tls: "implicit" },
    ],
    moreExamples: [
      { protocol: "pop3", listen: "0.0.0.0:110", tls: "starttls" },
      { protocol: "pop3", listen: "0.0.0.0:995", tls: "implicit" },
      { protocol: "submission", listen: "0.0.0.0:587", tls: "starttls" },
      { protocol: "submission", listen: "0.0.0.0:465", tls: "implicit" },
      { protocol: "sieve", listen: "0.0.0.0:4190", tls: "starttls" },
    ],
  });

function server(examplePort: number) {
  return z.strictObject({
    host: host().meta({ description: "name or address", example: "127.0.0.1" }),
    port: port()
      .optional()
      .meta({ description: "default: the usual one of the protocol", example: examplePort }),
    tls: word(TLS_MODES)
      .prefault("starttls")
      .meta({ description: "how the connection is protected", example: "none" }),
    caFile: path().optional().meta({
      description: "authorities to believe instead of the machine's, PEM",
      example: "/etc/imbarco/target-ca.pem",
    }),
    verify: z
      .boolean({ error: "must be true or false" })
      .prefault(true)
      .meta({ description: "whether its certificate must be valid for host" }),
    clientAddress: word(CLIENT_ADDRESS).prefault("auto").meta({
      description:
        "how it hears of the client: auto = IMAP ID or XCLIENT where offered, proxy = PROXY v2 header, which it must expect",
    }),
    fingerprint: z
      .union([fingerprint().transform((one) => [one]), z.array(fingerprint()).min(1)], {
        error:
          "must be the SHA-256 fingerprint of a certificate, 64 hexadecimal digits as openssl x509 -noout -fingerprint -sha256 prints them, or a list of such",
      })
      .optional()
      .meta({
        description:
          "SHA-256 of the one certificate to believe, whatever its name, dates and issuer; a list for several",
        form: "a fingerprint as `openssl x509 -fingerprint -sha256` prints it, or a list of them",
      }),
  });
}

const login = z
  .discriminatedUnion("as", [
    z.strictObject({ as: z.literal("user").meta({ description: "as the user, with the user's password" }) }),
    z.strictObject({
      as: z.literal("master").meta({ description: "as the user, with the password of a master user" }),
      user: text().meta({ description: "name of the master user", example: "imbarco" }),
      passwordFile: path().meta({
        description: "file with its password",
        example: "/etc/imbarco/target.password",
      }),
      form: word(["authzid", "separator"])
        .prefault("authzid")
        .meta({ description: "how both names are given: PLAIN with authorization identity, or user*master" }),
      separator: text()
        .prefault("*")
        .meta({ description: "what stands between the names in the form separator" }),
    }),
  ])
  .prefault({ as: "user" })
  .meta({ description: "how imbarco logs in at the target" });

/** Drivers of later versions have keys of their own, which are not judged here. */
function laterDriver(kind: "sql" | "http" | "exec") {
  return z.looseObject({ kind: z.literal(kind).meta({ notYet: true }) });
}

const provision = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("passwd-file").meta({ description: "a row an account in a file that Dovecot reads" }),
      path: path().meta({ description: "that file", example: "/etc/dovecot/imbarco/passwd" }),
    }),
    z.strictObject({
      kind: z.literal("none").meta({ description: "the target knows all accounts and their passwords" }),
    }),
    laterDriver("sql"),
    laterDriver("http"),
    laterDriver("exec"),
  ])
  .meta({ description: "how accounts and passwords get to the target" });

const target = z
  .strictObject({
    imap: server(10_143).meta({ description: "its IMAP server" }),
    pop3: server(10_110).optional().meta({ description: "its POP3 server, where a listener speaks POP3" }),
    submission: server(10_587)
      .optional()
      .meta({ description: "its submission server, where a listener speaks submission" }),
    sieve: server(14_190)
      .optional()
      .meta({ description: "its ManageSieve server, where a listener speaks sieve" }),
    login,
    provision,
  })
  .meta({ description: "the new mail platform" });

const admin = z
  .strictObject({
    listen: listenAddress().meta({ description: "address and port", example: "127.0.0.1:8025" }),
    tokenFile: path().optional().meta({
      description: "file with the bearer token of the HTTP API, which this version does not have yet",
      example: "/etc/imbarco/admin.token",
    }),
  })
  .optional()
  .meta({ description: "HTTP: /healthz and /readyz" });

/**
 * Every key of the configuration. The descriptions are what `config/imbarco.example.yaml` and `docs/configuration.md` say;
 * `example` is the value shown there. Keys whose feature is not there yet are known here and refused in `not-yet.ts`.
 */
export const configSchema = z.strictObject({
  hostname: host()
    .optional()
    .meta({ description: "in greetings; default: the machine's", example: "mail.new.example" }),
  dataDir: path()
    .prefault("/var/lib/imbarco")
    .meta({ description: "what imbarco keeps: private to the service (0700)" }),
  store,
  keyFile: path()
    .prefault("/etc/imbarco/master.key")
    .meta({ description: "seals the passwords; made on first start where absent, 0600" }),
  roles: z
    .array(word(["proxy", "copier", "admin"]))
    .min(1, { error: "must name at least one role" })
    .prefault(["proxy", "copier", "admin"])
    .meta({ description: "what this machine does" }),
  processes: z
    .union([z.literal("auto"), count(1, 1024)], { error: "must be auto or a whole number, 1 to 1024" })
    .prefault("auto")
    .meta({
      description:
        "processes for mail programs, beside one for the copies and one for admin; auto = one a core, 1 = everything in one process",
    }),
  tls,
  listeners,
  target,
  copy,
  throttle,
  admin,
  log: z
    .strictObject({
      level: word(["debug", "info", "warn", "error"])
        .prefault("info")
        .meta({ description: "the least that is written" }),
    })
    .prefault({})
    .meta({ description: "JSON lines on standard output" }),
  dns: z
    .strictObject({
      servers: z.array(resolver()).prefault([]).meta({
        description: "resolvers to ask; none = the machine's",
      }),
    })
    .prefault({})
    .meta({ description: "for imbarco dns" }),
  drain: duration(0)
    .prefault("30s")
    .meta({ description: "longest time that sessions may go on after SIGTERM" }),
});

/** The configuration as written, checked and with defaults; files are not read yet. */
export type WrittenConfig = z.output<typeof configSchema>;
