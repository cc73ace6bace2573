-- The people of an app that uses its own login and AuthRocket side by side. AuthRocket needs only
-- authrocket_id and its index. An app with passwords already has everything else.

CREATE TABLE IF NOT EXISTS people (
	id              INTEGER PRIMARY KEY,
	email           TEXT NOT NULL,               -- A to Z in lower case
	email_confirmed INTEGER NOT NULL DEFAULT 0,  -- 1: the person used the link in the app's email
	name            TEXT NOT NULL,
	password        TEXT,                        -- a hash; NULL: this person has no password here
	authrocket_id   TEXT                         -- usr_..., this person's user at AuthRocket; NULL: none yet
);
CREATE UNIQUE INDEX IF NOT EXISTS people_authrocket_id ON people (authrocket_id);
-- Two people with passwords cannot have the same email. People without a password can have any
-- email, even the email of another person.
CREATE UNIQUE INDEX IF NOT EXISTS people_email ON people (email) WHERE password IS NOT NULL;

-- Sessions of the app's own login.
CREATE TABLE IF NOT EXISTS sessions (
	token_hash TEXT PRIMARY KEY,
	person_id  INTEGER NOT NULL,
	expires_at INTEGER NOT NULL -- Unix seconds
);
