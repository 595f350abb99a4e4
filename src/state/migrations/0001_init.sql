-- Times are milliseconds since the epoch, UTC. Counts are those of IntentCounts, one column each.

CREATE TABLE leases (
  pipeline    TEXT PRIMARY KEY,
  token       TEXT NOT NULL,     -- of this very acquisition: what the owner proves itself by
  owner       TEXT NOT NULL,     -- for people: host and process
  machine     TEXT NOT NULL,     -- host, boot and process namespace: where `pid` means something
  pid         INTEGER NOT NULL,
  pid_started INTEGER NOT NULL,  -- ticks since boot, so that a reused pid is not taken for the owner
  acquired_ms INTEGER NOT NULL,
  expires_ms  INTEGER NOT NULL
) STRICT;

CREATE TABLE checkpoints (
  pipeline             TEXT PRIMARY KEY,
  load                 INTEGER NOT NULL,  -- ascending: every StartLoad begins the next one
  table_id             TEXT NOT NULL,
  location             TEXT NOT NULL,
  version              INTEGER NOT NULL,
  phase                INTEGER NOT NULL,
  mapping_hash         TEXT NOT NULL,
  splits               INTEGER NOT NULL,
  read                 INTEGER NOT NULL,
  upserted             INTEGER NOT NULL,
  deleted              INTEGER NOT NULL,
  delete_found_nothing INTEGER NOT NULL,
  unchanged            INTEGER NOT NULL,
  superseded           INTEGER NOT NULL,
  filtered             INTEGER NOT NULL,
  rejected             INTEGER NOT NULL
) STRICT;

CREATE TABLE split_progress (
  pipeline     TEXT NOT NULL,
  split        INTEGER NOT NULL,
  rows_settled INTEGER NOT NULL,
  complete     INTEGER NOT NULL,
  PRIMARY KEY (pipeline, split)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
  id                   INTEGER PRIMARY KEY AUTOINCREMENT,
  pipeline             TEXT NOT NULL,
  kind                 TEXT NOT NULL,
  state                INTEGER NOT NULL,
  started_ms           INTEGER NOT NULL,
  ended_ms             INTEGER NOT NULL,  -- 0 while running
  version              INTEGER NOT NULL,
  cost                 REAL NOT NULL,
  requests             INTEGER NOT NULL,
  throttled_requests   INTEGER NOT NULL,
  bytes_sent           INTEGER NOT NULL,
  message              TEXT NOT NULL,
  read                 INTEGER NOT NULL,
  upserted             INTEGER NOT NULL,
  deleted              INTEGER NOT NULL,
  delete_found_nothing INTEGER NOT NULL,
  unchanged            INTEGER NOT NULL,
  superseded           INTEGER NOT NULL,
  filtered             INTEGER NOT NULL,
  rejected             INTEGER NOT NULL
) STRICT;

CREATE INDEX runs_by_pipeline ON runs (pipeline, id);

-- A row that a continued load reads again replaces its earlier entry.
CREATE TABLE rejected_rows (
  pipeline TEXT NOT NULL,
  load     INTEGER NOT NULL,
  version  INTEGER NOT NULL,
  split    TEXT NOT NULL,
  row      INTEGER NOT NULL,
  run_id   INTEGER NOT NULL,
  key      TEXT NOT NULL,
  reason   TEXT NOT NULL,
  message  TEXT NOT NULL,
  at_ms    INTEGER NOT NULL,
  PRIMARY KEY (pipeline, load, split, row)
) STRICT, WITHOUT ROWID;
