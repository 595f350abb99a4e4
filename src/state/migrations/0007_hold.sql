-- A pipeline that was taken back to an earlier version, or is on its way there.
ALTER TABLE checkpoints ADD COLUMN hold INTEGER NOT NULL DEFAULT 0;
ALTER TABLE checkpoints ADD COLUMN hold_version INTEGER NOT NULL DEFAULT 0;
