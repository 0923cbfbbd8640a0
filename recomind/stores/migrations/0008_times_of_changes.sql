-- When a change of the catalogue was made: a worker that starts tells pages of the takedowns of the last hour
-- (docs/decisions/0087). Changes from before have no time.
ALTER TABLE catalogue_changes ADD COLUMN changed_at timestamptz;
ALTER TABLE catalogue_changes ALTER COLUMN changed_at SET DEFAULT now();
