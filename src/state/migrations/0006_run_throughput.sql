-- What a run was allowed to spend in a second, and the busiest second of any range as a share of what
-- that range admits; 0: not known.
ALTER TABLE runs ADD COLUMN units_cap REAL NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN peak_normalised REAL NOT NULL DEFAULT 0;
