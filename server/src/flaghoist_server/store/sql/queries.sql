-- Every statement that the SQLite store runs, by name.

-- name: heads
SELECT environment, epoch, version, hash, at FROM head ORDER BY environment;

-- name: head
SELECT environment, epoch, version, hash, at FROM head WHERE environment = :environment;

-- name: begin
INSERT INTO head (environment, epoch, version, hash, at)
VALUES (:environment, :epoch, :version, :hash, :at)
ON CONFLICT (environment) DO NOTHING;

-- name: move
-- The compare-and-set: no row is changed unless the head is the expected one.
UPDATE head SET epoch = :epoch, version = :version, hash = :hash, at = :at
WHERE environment = :environment
  AND epoch = :old_epoch AND version = :old_version AND hash = :old_hash;

-- name: add_entry
INSERT INTO entry (environment, version, entry) VALUES (:environment, :version, :entry);

-- name: add_touch
INSERT INTO touch (environment, key, version) VALUES (:environment, :key, :version);

-- name: entries
SELECT entry FROM entry
WHERE environment = :environment AND version > :after ORDER BY version LIMIT :limit;

-- name: newest_entries
SELECT entry FROM entry
WHERE environment = :environment AND version < :before ORDER BY version DESC LIMIT :limit;

-- name: newest_entries_of_flag
SELECT entry.entry FROM touch JOIN entry USING (environment, version)
WHERE touch.environment = :environment AND touch.key = :key AND touch.version < :before
ORDER BY touch.version DESC LIMIT :limit;

-- name: snapshot
SELECT state FROM snapshot
WHERE environment = :environment AND version <= :version ORDER BY version DESC LIMIT 1;

-- name: snapshot_due
-- Due when the entries since the newest snapshot weigh as much as it does.
WITH newest AS (
    SELECT version, length(state) AS weight FROM snapshot
    WHERE environment = :environment ORDER BY version DESC LIMIT 1
)
SELECT coalesce(sum(length(entry)), 0) >= coalesce((SELECT weight FROM newest), 0) FROM entry
WHERE environment = :environment AND version > coalesce((SELECT version FROM newest), 0);

-- name: add_snapshot
INSERT INTO snapshot (environment, version, state) VALUES (:environment, :version, :state)
ON CONFLICT (environment, version) DO NOTHING;

-- name: answer
SELECT key, request_hash, answer FROM answer WHERE key = :key AND kept_at > :since;

-- name: add_answer
INSERT INTO answer (key, request_hash, answer, kept_at)
VALUES (:key, :request_hash, :answer, :kept_at)
ON CONFLICT (key) DO UPDATE SET
    request_hash = excluded.request_hash, answer = excluded.answer, kept_at = excluded.kept_at;

-- name: forget_answers
DELETE FROM answer WHERE kept_at <= :since;

-- name: put_token
INSERT INTO token (id, record) VALUES (:id, :record)
ON CONFLICT (id) DO UPDATE SET record = excluded.record;

-- name: tokens
SELECT record FROM token ORDER BY id;
