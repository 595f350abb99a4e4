-- Of the upserted, what the destination told of them; of runs from before, nothing.
ALTER TABLE checkpoints ADD COLUMN inserted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE checkpoints ADD COLUMN replaced INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN inserted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN replaced INTEGER NOT NULL DEFAULT 0;
