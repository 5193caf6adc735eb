-- Leaves that came back from the log's folder are replayed from `replay` up to `replay_to`, exclusive.
INSERT INTO counters (name, value) VALUES ('replay', 0), ('replay_to', 0);
UPDATE format SET version = version + 1;
