-- What the destination was before it was set for a load, until it is so again.
CREATE TABLE tunings (
  pipeline TEXT PRIMARY KEY,
  tuning TEXT NOT NULL
) WITHOUT ROWID;
