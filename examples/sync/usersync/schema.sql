-- A copy of the users, orgs and memberships of one realm. Times are UTC, such as 2026-01-31T08:15:00Z.
-- There are no foreign keys, because a membership may be copied shortly before its user or org.
-- seen is the number of the last complete run that began before the record was read.

CREATE TABLE IF NOT EXISTS users (
	id             TEXT PRIMARY KEY, -- usr_..., which never changes: refer to users by this ID in your own tables
	email          TEXT NOT NULL,    -- not unique: another user can get it later, and a deleted user keeps it
	email_verified INTEGER NOT NULL, -- 1 or 0
	name           TEXT NOT NULL,
	first_name     TEXT NOT NULL,
	last_name      TEXT NOT NULL,
	username       TEXT NOT NULL,
	reference      TEXT NOT NULL,    -- your own ID for the user
	state          TEXT NOT NULL,    -- active, inactive
	created_at     TEXT NOT NULL,
	deleted_at     TEXT,             -- when the job noticed that AuthRocket has deleted the user
	seen           INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS users_email ON users (email);

CREATE TABLE IF NOT EXISTS orgs (
	id             TEXT PRIMARY KEY, -- org_...
	name           TEXT NOT NULL,    -- not unique
	reference      TEXT NOT NULL,
	state          TEXT NOT NULL,    -- active, inactive, closed
	created_at     TEXT NOT NULL,
	deleted_at     TEXT,
	seen           INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS memberships (
	id             TEXT PRIMARY KEY, -- mb_...
	user_id        TEXT NOT NULL,
	org_id         TEXT NOT NULL,
	permissions    TEXT NOT NULL,    -- a JSON array: json_each(permissions)
	expires_at     TEXT,             -- NULL: never. Compare it with the current time
	deleted_at     TEXT,             -- also set if the user or the org is deleted
	seen           INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS memberships_user ON memberships (user_id);
CREATE INDEX IF NOT EXISTS memberships_org ON memberships (org_id);

-- The state of the job between two runs. The table has one row.
CREATE TABLE IF NOT EXISTS sync (
	id             INTEGER PRIMARY KEY CHECK (id = 1),
	realm_id       TEXT NOT NULL,    -- the copied realm; '' before the first record
	run            INTEGER NOT NULL, -- number of the last complete run that began
	event_id       TEXT NOT NULL,    -- the latest event that the copy has; '' for none
	event_at       TEXT NOT NULL
);
INSERT INTO sync (id, realm_id, run, event_id, event_at) VALUES (1, '', 0, '', '') ON CONFLICT (id) DO NOTHING;
