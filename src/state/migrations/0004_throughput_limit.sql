-- What a pipeline may spend in place of what is configured, set while it runs.
CREATE TABLE throughput_limits (
  pipeline TEXT PRIMARY KEY,
  throughput_limit TEXT NOT NULL
) WITHOUT ROWID;
