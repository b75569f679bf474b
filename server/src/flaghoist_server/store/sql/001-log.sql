-- The log: one row per entry, kept for ever; the JSON is the truth, the columns find it.
CREATE TABLE entry (
    environment TEXT NOT NULL,
    version INTEGER NOT NULL,
    entry BLOB NOT NULL,
    PRIMARY KEY (environment, version)
) STRICT;

-- Where each log stands: the row that a compare-and-set compares and sets.
CREATE TABLE head (
    environment TEXT PRIMARY KEY,
    epoch TEXT NOT NULL,
    version INTEGER NOT NULL,
    hash TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Which entries touch a flag: the history of one flag without reading the whole log.
CREATE TABLE touch (
    environment TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (environment, key, version)
) STRICT, WITHOUT ROWID;

-- The state at some versions (MessagePack): bounds the replay, and can be made again from the log.
CREATE TABLE snapshot (
    environment TEXT NOT NULL,
    version INTEGER NOT NULL,
    state BLOB NOT NULL,
    PRIMARY KEY (environment, version)
) STRICT;

-- What a request with this idempotency key was answered.
CREATE TABLE answer (
    key TEXT PRIMARY KEY,
    request_hash TEXT NOT NULL,
    answer BLOB NOT NULL,
    kept_at REAL NOT NULL
) STRICT;

CREATE INDEX answer_by_age ON answer (kept_at);

-- Tokens, the secret only as its hash.
CREATE TABLE token (
    id TEXT PRIMARY KEY,
    record BLOB NOT NULL
) STRICT;
