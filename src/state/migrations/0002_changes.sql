-- Where changes go on, and what of a window of them may have been sent (Checkpoint).
ALTER TABLE checkpoints ADD COLUMN position TEXT NOT NULL DEFAULT '';
ALTER TABLE checkpoints ADD COLUMN begun_through INTEGER NOT NULL DEFAULT 0;
ALTER TABLE checkpoints ADD COLUMN documents INTEGER NOT NULL DEFAULT 0;
ALTER TABLE checkpoints ADD COLUMN sweep INTEGER NOT NULL DEFAULT 0;

-- Of runs from before, nobody knows how many.
ALTER TABLE runs ADD COLUMN unsure INTEGER NOT NULL DEFAULT 1;

CREATE TABLE late_columns (
  pipeline TEXT NOT NULL,
  name     TEXT NOT NULL,
  PRIMARY KEY (pipeline, name)
) STRICT, WITHOUT ROWID;

-- A file can have images in several versions, so a row is told apart by its version too.
CREATE TABLE rejected_images (
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
  PRIMARY KEY (pipeline, load, version, split, row)
) STRICT, WITHOUT ROWID;
INSERT INTO rejected_images SELECT pipeline, load, version, split, row, run_id, key, reason,
  message, at_ms FROM rejected_rows;
DROP TABLE rejected_rows;
ALTER TABLE rejected_images RENAME TO rejected_rows;
