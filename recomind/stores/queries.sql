-- session_id --
-- Two connections with the same one share a session: a pooler stands between.
SELECT pg_backend_pid()

-- lock_schema --
-- Held until the transaction ends: one worker at a time migrates.
SELECT pg_advisory_xact_lock(8642)

-- create_schema_migrations --
CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)

-- schema_version --
SELECT coalesce(max(version), 0) FROM schema_migrations

-- record_migration --
INSERT INTO schema_migrations (version, name) VALUES ($1, $2)

-- insert_actions --
-- Columns of equal length. Skips ids that exist, and actions at or before their user's erasure offset in the log $12.
INSERT INTO video_actions
    (id, user_id, video_id, action_type, timestamp, list_id, position, watched_ms, duration_ms, context)
SELECT id, user_id, video_id, action_type, timestamp, list_id, position, watched_ms, duration_ms, context::jsonb
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::integer[], $8::integer[],
    $9::integer[], $10::text[], $11::bigint[]) AS given
    (id, user_id, video_id, action_type, timestamp, list_id, position, watched_ms, duration_ms, context, log_offset)
WHERE NOT EXISTS (
    SELECT FROM forgotten_people f
    WHERE f.user_id = given.user_id AND f.log_scope = $12 AND f.log_offset >= given.log_offset
)
ON CONFLICT (id) DO NOTHING

-- insert_shared_events --
-- Like insert_actions, with a further column of ids: inserts actions whose id is in use by another user under these.
INSERT INTO video_actions
    (id, user_id, video_id, action_type, timestamp, list_id, position, watched_ms, duration_ms, context)
SELECT given.shared_id, given.user_id, given.video_id, given.action_type, given.timestamp, given.list_id,
    given.position, given.watched_ms, given.duration_ms, given.context::jsonb
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::integer[], $8::integer[],
    $9::integer[], $10::text[], $11::bigint[], $13::uuid[]) AS given
    (id, user_id, video_id, action_type, timestamp, list_id, position, watched_ms, duration_ms, context, log_offset,
    shared_id)
JOIN video_actions taken ON taken.id = given.id AND taken.user_id <> given.user_id
WHERE NOT EXISTS (
    SELECT FROM forgotten_people f
    WHERE f.user_id = given.user_id AND f.log_scope = $12 AND f.log_offset >= given.log_offset
)
ON CONFLICT (id) DO NOTHING

-- lock_actions --
-- Blocks inserts until the transaction ends; a blocked insert then sees the new erasure offset.
LOCK TABLE video_actions IN SHARE ROW EXCLUSIVE MODE

-- record_erasure --
-- Returns no row if this or a later erasure is recorded already.
INSERT INTO forgotten_people (user_id, log_offset, log_scope, has_expired) VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id) DO UPDATE
SET log_offset = excluded.log_offset, log_scope = excluded.log_scope, has_expired = excluded.has_expired
WHERE forgotten_people.log_scope <> excluded.log_scope OR forgotten_people.log_offset < excluded.log_offset
RETURNING user_id

-- erasure_offsets --
-- Of users who were erased in the log $2, without sessions that have expired.
SELECT user_id, log_offset FROM forgotten_people
WHERE user_id = ANY($1::text[]) AND log_scope = $2 AND NOT has_expired

-- delete_actions --
DELETE FROM video_actions WHERE user_id = $1

-- delete_user --
DELETE FROM users WHERE user_id = $1

-- delete_profiles --
-- Fenced like put_popularity; returns a row if our generation is current.
WITH fence AS (SELECT FROM generations WHERE group_id = $1 AND generation = $2 FOR SHARE),
deleted AS (DELETE FROM user_profiles WHERE user_id = ANY($3::text[]) AND EXISTS (SELECT FROM fence))
SELECT FROM fence

-- recent_actions --
-- A user's latest actions, newest first.
SELECT video_id, action_type, timestamp FROM video_actions
WHERE user_id = $1 ORDER BY timestamp DESC LIMIT $2

-- actions_to_merge --
-- A session's latest $4 actions, oldest first, unless it has been erased at or after the offset $2 in the log $3. An undo
-- comes after what was done at the same time.
SELECT * FROM (
    SELECT id, user_id, video_id, action_type, timestamp, list_id, position, watched_ms, duration_ms, context
    FROM video_actions a
    WHERE user_id = $1 AND NOT EXISTS (
        SELECT FROM forgotten_people f WHERE f.user_id = a.user_id AND f.log_scope = $3 AND f.log_offset >= $2
    )
    ORDER BY timestamp DESC, starts_with(action_type, 'undo_') DESC, id DESC LIMIT $4
) latest ORDER BY timestamp, starts_with(action_type, 'undo_'), id

-- seen_videos --
SELECT DISTINCT video_id FROM video_actions WHERE user_id = $1

-- put_video --
-- A trigger records each change of the catalogue.
INSERT INTO videos (video_id, title, url, tags, creator_id, created_at, hidden, expires_at, language, countries,
    duration_ms, age_rating, thumbnail_url, labels)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (video_id) DO UPDATE
SET title = $2, url = $3, tags = $4, creator_id = $5, created_at = $6, hidden = $7, expires_at = $8, language = $9,
    countries = $10, duration_ms = $11, age_rating = $12, thumbnail_url = $13, labels = $14

-- upsert_video --
-- A null in $3, $7 or $9, and false in $6 or $11, keep what is stored; $8 is the upload time of a new video. $12 is a
-- JSON object of metadata; what it lacks is kept.
INSERT INTO videos (video_id, title, url, tags, creator_id, created_at, hidden, expires_at, language, countries,
    duration_ms, age_rating, thumbnail_url, labels)
SELECT $1, $2, coalesce($3::text, ''), $4::text[], $5, coalesce($7::timestamptz, $8::timestamptz),
    coalesce($9::boolean, false), $10::timestamptz, m ->> 'language',
    ARRAY(SELECT jsonb_array_elements_text(m -> 'countries')), (m ->> 'duration_ms')::integer,
    coalesce((m ->> 'age_rating')::integer, 0), coalesce(m ->> 'thumbnail_url', ''),
    ARRAY(SELECT jsonb_array_elements_text(m -> 'labels'))
FROM (SELECT $12::text::jsonb AS m) AS given
ON CONFLICT (video_id) DO UPDATE
SET title = excluded.title,
    url = coalesce($3::text, videos.url),
    tags = excluded.tags,
    creator_id = CASE WHEN $6::boolean THEN excluded.creator_id ELSE videos.creator_id END,
    created_at = coalesce($7::timestamptz, videos.created_at),
    hidden = coalesce($9::boolean, videos.hidden),
    expires_at = CASE WHEN $11::boolean THEN excluded.expires_at ELSE videos.expires_at END,
    language = CASE WHEN $12::text::jsonb ? 'language' THEN excluded.language ELSE videos.language END,
    countries = CASE WHEN $12::text::jsonb ? 'countries' THEN excluded.countries ELSE videos.countries END,
    duration_ms = CASE WHEN $12::text::jsonb ? 'duration_ms' THEN excluded.duration_ms ELSE videos.duration_ms END,
    age_rating = CASE WHEN $12::text::jsonb ? 'age_rating' THEN excluded.age_rating ELSE videos.age_rating END,
    thumbnail_url = CASE WHEN $12::text::jsonb ? 'thumbnail_url' THEN excluded.thumbnail_url ELSE videos.thumbnail_url END,
    labels = CASE WHEN $12::text::jsonb ? 'labels' THEN excluded.labels ELSE videos.labels END
RETURNING video_id, title, url, tags, creator_id, created_at, hidden, expires_at, language, countries, duration_ms,
    age_rating, thumbnail_url, labels

-- update_video --
-- A null in $2, $3, $6 or $7, and false in $5 or $9, keep what is stored. $10 is a JSON object of metadata; what it
-- lacks stays, too.
UPDATE videos
SET url = coalesce($2::text, url),
    tags = coalesce($3::text[], tags),
    creator_id = CASE WHEN $5::boolean THEN $4::text ELSE creator_id END,
    created_at = coalesce($6::timestamptz, created_at),
    hidden = coalesce($7::boolean, hidden),
    expires_at = CASE WHEN $9::boolean THEN $8::timestamptz ELSE expires_at END,
    language = CASE WHEN m ? 'language' THEN m ->> 'language' ELSE language END,
    countries = CASE WHEN m ? 'countries' THEN ARRAY(SELECT jsonb_array_elements_text(m -> 'countries'))
        ELSE countries END,
    duration_ms = CASE WHEN m ? 'duration_ms' THEN (m ->> 'duration_ms')::integer ELSE duration_ms END,
    age_rating = CASE WHEN m ? 'age_rating' THEN (m ->> 'age_rating')::integer ELSE age_rating END,
    thumbnail_url = CASE WHEN m ? 'thumbnail_url' THEN m ->> 'thumbnail_url' ELSE thumbnail_url END,
    labels = CASE WHEN m ? 'labels' THEN ARRAY(SELECT jsonb_array_elements_text(m -> 'labels')) ELSE labels END
FROM (SELECT $10::text::jsonb AS m) AS given
WHERE video_id = $1
RETURNING video_id, title, url, tags, creator_id, created_at, hidden, expires_at, language, countries, duration_ms,
    age_rating, thumbnail_url, labels

-- delete_video --
DELETE FROM videos WHERE video_id = $1

-- version_of_video --
-- The number of the latest change of a video; 0 if none was recorded.
SELECT coalesce(max(change_id), 0) FROM catalogue_changes WHERE video_id = $1

-- upsert_user --
-- $3 is a JSON object of metadata; what it lacks is kept.
INSERT INTO users (user_id, name, language, country, birth_year, followed_creators, blocked_creators, followed_tags,
    blocked_tags)
SELECT $1, $2, m ->> 'language', m ->> 'country', (m ->> 'birth_year')::integer,
    ARRAY(SELECT jsonb_array_elements_text(m -> 'followed_creators')),
    ARRAY(SELECT jsonb_array_elements_text(m -> 'blocked_creators')),
    ARRAY(SELECT jsonb_array_elements_text(m -> 'followed_tags')),
    ARRAY(SELECT jsonb_array_elements_text(m -> 'blocked_tags'))
FROM (SELECT $3::text::jsonb AS m) AS given
ON CONFLICT (user_id) DO UPDATE
SET name = excluded.name,
    language = CASE WHEN $3::text::jsonb ? 'language' THEN excluded.language ELSE users.language END,
    country = CASE WHEN $3::text::jsonb ? 'country' THEN excluded.country ELSE users.country END,
    birth_year = CASE WHEN $3::text::jsonb ? 'birth_year' THEN excluded.birth_year ELSE users.birth_year END,
    followed_creators = CASE WHEN $3::text::jsonb ? 'followed_creators'
        THEN excluded.followed_creators ELSE users.followed_creators END,
    blocked_creators = CASE WHEN $3::text::jsonb ? 'blocked_creators'
        THEN excluded.blocked_creators ELSE users.blocked_creators END,
    followed_tags = CASE WHEN $3::text::jsonb ? 'followed_tags'
        THEN excluded.followed_tags ELSE users.followed_tags END,
    blocked_tags = CASE WHEN $3::text::jsonb ? 'blocked_tags' THEN excluded.blocked_tags ELSE users.blocked_tags END
RETURNING user_id, name, language, country, birth_year, followed_creators, blocked_creators, followed_tags,
    blocked_tags

-- version_of_user --
SELECT change_id FROM user_changes WHERE user_id = $1

-- user --
SELECT user_id, name, language, country, birth_year, followed_creators, blocked_creators, followed_tags, blocked_tags
FROM users WHERE user_id = $1

-- users_with_metadata --
SELECT u.user_id, coalesce(c.change_id, 0), u.language, u.country, u.birth_year, u.followed_creators,
    u.blocked_creators, u.followed_tags, u.blocked_tags
FROM users u LEFT JOIN user_changes c USING (user_id)
WHERE u.language IS NOT NULL OR u.country IS NOT NULL OR u.birth_year IS NOT NULL
    OR u.followed_creators <> '{}' OR u.blocked_creators <> '{}' OR u.followed_tags <> '{}' OR u.blocked_tags <> '{}'

-- changed_users --
-- As changed_videos; the third column says whether there is a row.
SELECT c.user_id, c.change_id, u.user_id IS NOT NULL, u.language, u.country, u.birth_year, u.followed_creators,
    u.blocked_creators, u.followed_tags, u.blocked_tags
FROM user_changes c LEFT JOIN users u USING (user_id)
WHERE c.transaction_id >= $1::text::xid8 AND c.transaction_id < pg_snapshot_xmax(pg_current_snapshot())

-- video --
SELECT video_id, title, url, tags, creator_id, created_at, hidden, expires_at, language, countries, duration_ms,
    age_rating, thumbnail_url, labels
FROM videos WHERE video_id = $1

-- catalogue_position --
-- Every transaction before it has ended: its changes are visible to the next statement.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text

-- all_videos --
SELECT coalesce(c.version, 0), v.video_id, v.title, v.url, v.tags, v.creator_id, v.created_at, v.hidden, v.expires_at,
    v.language, v.countries, v.duration_ms, v.age_rating, v.thumbnail_url, v.labels
FROM videos v
LEFT JOIN (SELECT video_id, max(change_id) AS version FROM catalogue_changes GROUP BY video_id) c USING (video_id)

-- changed_videos --
-- Changes by transactions from $1 on. Later ids than the next one are of another server, from which rows were copied.
SELECT c.video_id, c.version, v.video_id, v.title, v.url, v.tags, v.creator_id, v.created_at, v.hidden, v.expires_at,
    v.language, v.countries, v.duration_ms, v.age_rating, v.thumbnail_url, v.labels
FROM (
    SELECT video_id, max(change_id) AS version FROM catalogue_changes
    WHERE transaction_id >= $1::text::xid8 AND transaction_id < pg_snapshot_xmax(pg_current_snapshot())
    GROUP BY video_id
) c LEFT JOIN videos v USING (video_id)

-- recent_takedowns --
-- A video that is hidden since its first change was in no list. One that expires soon may have, by the time of Kafka.
WITH changed AS (
    SELECT video_id, max(change_id) AS change_id, max(changed_at) AS at FROM catalogue_changes
    WHERE changed_at > now() - make_interval(secs => $1) AND video_id <> '' GROUP BY video_id
)
SELECT video_id, extract(epoch FROM now() - max(at))::double precision AS age FROM (
    SELECT c.video_id, c.at FROM changed c LEFT JOIN videos v USING (video_id)
    WHERE v.video_id IS NULL OR ((v.hidden OR v.expires_at <= now()) AND EXISTS (
        SELECT FROM catalogue_changes e WHERE e.video_id = c.video_id AND e.change_id < c.change_id
    ))
    UNION ALL
    SELECT video_id, expires_at FROM videos WHERE NOT hidden
        AND expires_at > now() - make_interval(secs => $1) AND expires_at < now() + interval '1 minute'
) found GROUP BY video_id ORDER BY age DESC

-- register_generation --
-- From now on only this generation of the group writes. A generation without a write for $3 seconds is replaced.
INSERT INTO generations (group_id, generation) VALUES ($1, $2)
ON CONFLICT (group_id) DO UPDATE SET generation = $2, since = now()
WHERE generations.generation < $2 OR generations.since < now() - make_interval(secs => $3)

-- put_popularity --
-- Writes nothing if a later generation is registered. The row lock makes a later generation wait for this write.
WITH fence AS (SELECT FROM generations WHERE group_id = $1 AND generation = $2 FOR SHARE)
INSERT INTO video_popularity (video_id, score, last_updated)
SELECT * FROM unnest($3::text[], $4::float8[], $5::timestamptz[]) WHERE EXISTS (SELECT FROM fence)
ON CONFLICT (video_id) DO UPDATE SET score = excluded.score, last_updated = excluded.last_updated

-- put_profiles --
-- Fenced like put_popularity.
WITH fence AS (SELECT FROM generations WHERE group_id = $1 AND generation = $2 FOR SHARE)
INSERT INTO user_profiles (user_id, top_tags, updated_at)
SELECT user_id, string_to_array(tags, chr(31)), updated_at
FROM unnest($3::text[], $4::text[], $5::timestamptz[]) AS given (user_id, tags, updated_at)
WHERE EXISTS (SELECT FROM fence)
ON CONFLICT (user_id) DO UPDATE SET top_tags = excluded.top_tags, updated_at = excluded.updated_at

-- put_feed_page --
-- Returns the page that counts: the first one of its number.
INSERT INTO feed_pages (session, page, user_id, content) VALUES ($1, $2, $3, $4)
ON CONFLICT (session, page) DO UPDATE SET page = excluded.page RETURNING content

-- feed_pages --
SELECT page, content FROM feed_pages WHERE session = $1 AND page <= $2 ORDER BY page

-- delete_feed_pages --
DELETE FROM feed_pages WHERE user_id = $1 RETURNING session, page

-- delete_expired_feed_pages --
-- Of sessions whose last page is older than $1 seconds.
WITH expired AS (
    SELECT session FROM feed_pages GROUP BY session HAVING max(handed_out_at) < now() - make_interval(secs => $1)
)
DELETE FROM feed_pages p USING expired e WHERE p.session = e.session

-- popular_videos --
SELECT p.video_id FROM video_popularity p JOIN videos v USING (video_id)
WHERE NOT v.hidden AND (v.expires_at IS NULL OR v.expires_at > now())
ORDER BY p.score DESC, p.video_id LIMIT $1

-- likes --
-- All likes that were not undone later, grouped by user, newest first: the training data of the EASE model.
SELECT liked.user_id, liked.video_id FROM video_actions liked
WHERE liked.action_type = 'like' AND NOT EXISTS (
    SELECT FROM video_actions undo WHERE undo.action_type = 'undo_like' AND undo.user_id = liked.user_id
        AND undo.video_id = liked.video_id AND undo.timestamp >= liked.timestamp
)
ORDER BY liked.user_id, liked.timestamp DESC

-- profile_times --
SELECT user_id, updated_at FROM user_profiles WHERE user_id = ANY($1::text[])

-- popularity_rows --
SELECT video_id, score, last_updated FROM video_popularity WHERE video_id = ANY($1::text[])

-- all_actions --
SELECT id, user_id, video_id, action_type, timestamp, list_id, position, watched_ms, duration_ms, context::text
FROM video_actions

-- details_since --
SELECT coalesce(max(extract(epoch FROM until)), 0)::float8 FROM bare_actions

-- feedback_since --
SELECT coalesce(max(extract(epoch FROM until)), 0)::float8 FROM forgetful_actions

-- profile_ids --
SELECT user_id FROM user_profiles

-- popularity_ids --
SELECT video_id FROM video_popularity

-- actions_in_order --
SELECT id, user_id, video_id, action_type, timestamp, list_id, position, watched_ms, duration_ms, context::text
FROM video_actions ORDER BY timestamp, id

-- action_counts --
SELECT user_id, count(*) FROM video_actions GROUP BY user_id

-- current_log --
SELECT log_id, prefix, partitions, unproven_until, (SELECT partitions FROM kafka_logs ORDER BY log_number LIMIT 1)
FROM kafka_logs ORDER BY log_number DESC LIMIT 1

-- record_first_log --
INSERT INTO kafka_logs (log_id, prefix, partitions, unproven_until)
SELECT $1, '', $2, $3 WHERE NOT EXISTS (SELECT FROM kafka_logs)

-- adopt_log --
-- What was derived from the log before is derived again from this one.
WITH profiles AS (DELETE FROM user_profiles), popularity AS (DELETE FROM video_popularity),
topics AS (DELETE FROM kafka_topics)
INSERT INTO kafka_logs (log_id, prefix, partitions, unproven_until) VALUES ($1, $1, $2, 0)

-- known_topics --
SELECT topic, topic_id, partitions FROM kafka_topics WHERE topic = ANY($1::text[])

-- record_topics --
INSERT INTO kafka_topics (topic, topic_id, partitions) SELECT * FROM unnest($1::text[], $2::text[], $3::integer[])
ON CONFLICT (topic) DO UPDATE SET topic_id = excluded.topic_id, partitions = excluded.partitions

-- schema_repairs --
-- Statements that make tables which somebody else created fit for us, in the order in which to run them.
WITH expected (tab, col, type) AS (VALUES
    ('users', 'user_id', 'text'), ('users', 'name', 'text'), ('users', 'created_at', 'timestamp with time zone'),
    ('videos', 'video_id', 'text'), ('videos', 'title', 'text'), ('videos', 'url', 'text'),
    ('videos', 'tags', 'text[]'), ('videos', 'creator_id', 'text'), ('videos', 'created_at', 'timestamp with time zone'),
    ('video_actions', 'id', 'uuid'), ('video_actions', 'user_id', 'text'), ('video_actions', 'video_id', 'text'),
    ('video_actions', 'action_type', 'text'), ('video_actions', 'timestamp', 'timestamp with time zone'),
    ('user_profiles', 'user_id', 'text'), ('user_profiles', 'top_tags', 'text[]'),
    ('user_profiles', 'updated_at', 'timestamp with time zone'),
    ('video_popularity', 'video_id', 'text'), ('video_popularity', 'score', 'double precision'),
    ('video_popularity', 'last_updated', 'timestamp with time zone')
), ours (tab, key) AS (VALUES
    ('users', 'user_id'), ('videos', 'video_id'), ('video_actions', 'id'), ('user_profiles', 'user_id'),
    ('video_popularity', 'video_id')
), tables AS (
    SELECT tab, key, to_regclass(quote_ident(tab)) AS oid FROM ours WHERE to_regclass(quote_ident(tab)) IS NOT NULL
), columns AS (
    SELECT t.tab, t.oid, a.attname AS col, format_type(a.atttypid, a.atttypmod) AS type, a.attnum,
        a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS must_be_given
    FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid WHERE a.attnum > 0 AND NOT a.attisdropped
), repairs (step, statement) AS (
    SELECT 1, format('ALTER TABLE %s DROP CONSTRAINT %I', r.conrelid::regclass, r.conname)
    FROM pg_constraint r WHERE r.contype = 'f'
        AND (r.conrelid IN (SELECT oid FROM tables) OR r.confrelid IN (SELECT oid FROM tables))
    UNION ALL
    SELECT 2, format('ALTER TABLE %I ADD COLUMN %I %s', e.tab, e.col, e.type)
    FROM expected e JOIN tables t USING (tab) WHERE NOT EXISTS (SELECT FROM columns c WHERE (c.tab, c.col) = (e.tab, e.col))
    UNION ALL
    SELECT 3, format('ALTER TABLE %I ALTER COLUMN %I TYPE %s USING %I%s', e.tab, e.col, e.type, e.col,
        CASE c.type WHEN 'timestamp without time zone' THEN ' AT TIME ZONE ''UTC''' ELSE '::' || e.type END)
    FROM expected e JOIN columns c USING (tab, col)
    WHERE c.type <> e.type AND c.type <> replace(e.type, 'text', 'character varying')
    UNION ALL
    SELECT 4, format('ALTER TABLE %I ADD %s (%I)', t.tab, CASE WHEN EXISTS (
        SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary) THEN 'UNIQUE' ELSE 'PRIMARY KEY' END, t.key)
    FROM tables t WHERE NOT EXISTS (
        SELECT FROM pg_index i JOIN columns c ON c.oid = i.indrelid AND c.attnum = i.indkey[0]
        WHERE i.indrelid = t.oid AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL AND c.col = t.key)
    UNION ALL
    SELECT 5, format('ALTER TABLE %I ALTER COLUMN %I DROP NOT NULL', c.tab, c.col)
    FROM columns c WHERE c.must_be_given AND ((c.tab, c.col) IN (('videos', 'creator_id'), ('users', 'created_at'))
        OR NOT EXISTS (SELECT FROM expected e WHERE (e.tab, e.col) = (c.tab, c.col)))
)
SELECT statement FROM repairs ORDER BY step, statement
