-- Which generation of a switched destination a checkpoint is about; '' where there are none.
ALTER TABLE checkpoints ADD COLUMN generation TEXT NOT NULL DEFAULT '';
