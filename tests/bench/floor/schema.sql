CREATE TABLE account (
    id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    time_zone TEXT NOT NULL, accent TEXT NOT NULL
);
CREATE TABLE contact (
    id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES account, name TEXT NOT NULL,
    email TEXT NOT NULL, email_norm TEXT NOT NULL, UNIQUE (account_id, email_norm)
);
CREATE TABLE access (
    contact_id INTEGER PRIMARY KEY REFERENCES contact, status TEXT NOT NULL,
    auth_epoch INTEGER NOT NULL, joined_at INTEGER, last_seen_at INTEGER
);
CREATE TABLE magic_link (
    id BLOB PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES account,
    contact_id INTEGER NOT NULL REFERENCES contact, nonce BLOB NOT NULL,
    token_digest BLOB NOT NULL UNIQUE, code_mac BLOB, flow_digest BLOB,
    auth_epoch INTEGER NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    used_at INTEGER, used_bound INTEGER, used_nonce BLOB, revoked_at INTEGER
);
CREATE INDEX magic_link_contact ON magic_link (contact_id, created_at);
CREATE INDEX magic_link_flow ON magic_link (flow_digest);
CREATE TABLE session (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE,
    account_id INTEGER NOT NULL REFERENCES account,
    contact_id INTEGER NOT NULL REFERENCES contact, link_id BLOB UNIQUE REFERENCES magic_link,
    bound INTEGER NOT NULL, auth_epoch INTEGER NOT NULL, created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
);
CREATE INDEX session_contact ON session (contact_id);
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY, contact_id INTEGER NOT NULL REFERENCES contact,
    link_id BLOB NOT NULL REFERENCES magic_link, status TEXT NOT NULL, attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL, lease_until INTEGER, reply TEXT NOT NULL, browser TEXT NOT NULL,
    created_at INTEGER NOT NULL, finished_at INTEGER
);
CREATE INDEX delivery_due ON delivery (due_at) WHERE status IN ('queued', 'sending');
