/**
 * Every bound on a client that has not logged in, in one place and with its reason. Everything from the network is
 * hostile until the login; after it nothing is parsed any more and the sockets' own buffers are the bound.
 */
export const LIMITS = {
  /** One line of a command, CRLF not counted. RFC 7162 §4 asks for 8192; a base64 credential needs far less. A line of an IMAP ID may be as long as the command. */
  lineOctets: 8_192,
  /** One line of an SMTP client: RFC 4954 §4 asks for this in AUTH, and before its end nobody knows what a line is. */
  smtpLineOctets: 12_288,
  /** One literal. Before login a literal is a name, a password or an ID value (RFC 2971 §3.3: 1024 octets). */
  literalOctets: 1_024,
  /** A whole IMAP command with all its lines and literals: the longest ID that RFC 2971 §3.3 allows fits (32,000), a flood of tiny literals does not. */
  commandOctets: 32_768,
  /** The same for ManageSieve, where it is an AUTHENTICATE: a response to PLAIN with three credentials has 5,468 octets in base64. */
  sieveCommandOctets: 12_288,
  /** A login name or a password, however it came. The longest address has 254 octets. */
  credentialOctets: 1_024,
  /** Pairs in one ID command (RFC 2971 §3.3). */
  idPairs: 30,
  /** Bad commands and refused logins on one connection; then the client is a scanner or a guesser. */
  mistakes: 10,
  /** What one connection may say before its login, in clear and inside TLS together: commands, answers to challenges, mistakes. A mail program says ten; one that asks for ever keeps a processor busy. */
  commands: 3_000,
  /** What a client may send ahead of our answers before its socket is paused, with 256 octets for each piece that it came in; two reads of 64 KB may come on top (docs/limits.md). */
  unreadOctets: 16_384,
  /** From connect to login, for a client in clear or one that sent bad commands. */
  loginMs: 60_000,
  /** The same once TLS is up and no bad command was heard: a person may be typing a password into a mail program. */
  politeLoginMs: 180_000,
  /** The PROXY header of a load balancer, which sends it at once; its specification (§2) wants at least 3 s, so that a lost packet can come again. */
  proxyHeaderMs: 5_000,
  /** One TLS handshake, from our side ready to the client's Finished. */
  handshakeMs: 30_000,
  /** One login under way; its own steps have tighter bounds, so this one only catches a fault of ours. */
  loginFlightMs: 120_000,
  /** How long a client may take to fetch our last words before its socket is destroyed. */
  lingerMs: 5_000,
  /** Connections that have not logged in, over all processes of the machine (`preLoginBounds`), from one IPv4 address or IPv6 /64. A webmail or a large office is one address. */
  preLoginPerNetwork: 200,
  /** The same over all clients: with TLS about 65 KB each while they are silent, 190 KB while they flood behind a login, 600 KB where they do so octet by octet (docs/limits.md). Beyond it one of the network that most come from must go, the longest waiting first. */
  preLoginTotal: 4_000,
  /** Connections that are turned away and have not fetched the words that say so; beyond it they are closed without a word. */
  turnedAway: 500,
} as const;
