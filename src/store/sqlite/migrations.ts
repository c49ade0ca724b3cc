/**
 * The schema, as the steps that lead to it: step N makes version N + 1 of version N. A step that has been released never
 * changes; whoever needs another schema adds a step.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE domain (
    name TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    source_host TEXT NOT NULL,
    source_port INTEGER NOT NULL,
    source_tls TEXT NOT NULL,
    source_ca TEXT,
    source_verify INTEGER NOT NULL,
    login TEXT NOT NULL,
    cutover TEXT NOT NULL,
    created_at TEXT NOT NULL,
    finalized_at TEXT
  ) STRICT, WITHOUT ROWID;

  -- Rows stand in the order they came, so that an import in any order of addresses only scatters its writes over the two indexes.
  CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL UNIQUE,
    domain TEXT NOT NULL REFERENCES domain (name) ON DELETE CASCADE,
    state TEXT NOT NULL,
    former_state TEXT,
    reason TEXT,
    message TEXT,
    source_login TEXT,
    name TEXT,
    quota INTEGER,
    created_at TEXT NOT NULL,
    first_login_at TEXT,
    copy_started_at TEXT,
    synced_at TEXT,
    last_pass_at TEXT,
    folders_total INTEGER,
    folders_done INTEGER,
    messages_total INTEGER,
    messages_copied INTEGER,
    bytes_total INTEGER,
    bytes_copied INTEGER,
    quarantined INTEGER NOT NULL DEFAULT 0,
    failed_logins INTEGER NOT NULL DEFAULT 0,
    last_failed_login_at TEXT
  ) STRICT;
  CREATE INDEX account_by_state ON account (domain, state, address);

  CREATE TABLE credential (
    address TEXT PRIMARY KEY REFERENCES account (address) ON DELETE CASCADE,
    verifier TEXT NOT NULL,
    sealed_source BLOB,
    sealed_target BLOB
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE ledger_fence (
    address TEXT PRIMARY KEY REFERENCES account (address) ON DELETE CASCADE,
    token INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE ledger_folder (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL REFERENCES account (address) ON DELETE CASCADE,
    source TEXT NOT NULL,
    source_uid_validity INTEGER NOT NULL,
    source_uid_next INTEGER,
    source_messages INTEGER,
    source_highest_mod_seq TEXT,
    target TEXT NOT NULL,
    target_uid_validity INTEGER,
    snapshot BLOB,
    UNIQUE (address, source)
  ) STRICT;

  CREATE TABLE ledger_journal (
    id INTEGER PRIMARY KEY,
    folder INTEGER NOT NULL REFERENCES ledger_folder (id) ON DELETE CASCADE,
    batch BLOB NOT NULL
  ) STRICT;
  CREATE INDEX ledger_journal_by_folder ON ledger_journal (folder, id);

  CREATE TABLE ledger_intent (
    address TEXT NOT NULL REFERENCES account (address) ON DELETE CASCADE,
    id TEXT NOT NULL,
    intent TEXT NOT NULL,
    PRIMARY KEY (address, id)
  ) STRICT, WITHOUT ROWID;

  -- One row, so that no fencing token ever comes again, whatever becomes of the jobs.
  CREATE TABLE job_token (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), last INTEGER NOT NULL) STRICT;
  INSERT INTO job_token VALUES (1, 0);

  CREATE TABLE job (
    address TEXT PRIMARY KEY,
    -- The next turn; under a lease the one after it, which somebody has asked for meanwhile.
    due_at INTEGER,
    owner TEXT,
    token INTEGER NOT NULL DEFAULT 0,
    leased_at INTEGER,
    leased_until INTEGER,
    failures INTEGER NOT NULL DEFAULT 0,
    -- From when on a worker may take it.
    ready_at INTEGER GENERATED ALWAYS AS (CASE WHEN owner IS NULL THEN due_at ELSE leased_until END) VIRTUAL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX job_by_turn ON job (ready_at);
  `,
  `
  ALTER TABLE domain ADD COLUMN folder_map TEXT NOT NULL DEFAULT '[]';
  ALTER TABLE domain ADD COLUMN exclude TEXT NOT NULL DEFAULT '[]';
  ALTER TABLE domain ADD COLUMN source_deletes TEXT NOT NULL DEFAULT 'keep';
  `,
  `
  -- Connections to sources that are open or about to be; of no interest after a while, so nothing refers to them.
  CREATE TABLE source_permit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    held_until INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX source_permit_by_source ON source_permit (source);

  CREATE TABLE source_standing (source TEXT PRIMARY KEY, standing TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  -- The columns are those of rate-limiter-flexible.
  CREATE TABLE login_failure (key TEXT PRIMARY KEY, points INTEGER NOT NULL DEFAULT 0, expire INTEGER) STRICT, WITHOUT ROWID;
  CREATE INDEX login_failure_by_end ON login_failure (expire);

  -- Names that nobody has stand here too, so nothing refers to accounts.
  CREATE TABLE refused_password (
    name TEXT NOT NULL,
    digest BLOB NOT NULL,
    domain TEXT,
    refusals INTEGER NOT NULL,
    again_at INTEGER NOT NULL,
    kept_until INTEGER NOT NULL,
    PRIMARY KEY (name, digest)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX refused_password_by_end ON refused_password (kept_until);
  CREATE INDEX refused_password_by_domain ON refused_password (domain);

  CREATE TABLE known_network (
    name TEXT NOT NULL,
    network TEXT NOT NULL,
    kept_until INTEGER NOT NULL,
    PRIMARY KEY (name, network)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX known_network_by_network ON known_network (network, kept_until);
  CREATE INDEX known_network_by_end ON known_network (kept_until);

  CREATE TABLE login_turn (name TEXT PRIMARY KEY, owner TEXT NOT NULL, held_until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE domain ADD COLUMN source_fingerprints TEXT NOT NULL DEFAULT '[]';
  ALTER TABLE domain ADD COLUMN source_weak_tls INTEGER NOT NULL DEFAULT 0;
  `,
  `
  ALTER TABLE domain ADD COLUMN serve TEXT NOT NULL DEFAULT 'target';
  `,
];
