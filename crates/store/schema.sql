-- Generated from migrations/ (UPDATE=1 cargo test -p store); as SQLite keeps it.
CREATE TABLE account_handling (
    account INTEGER PRIMARY KEY,
    role INTEGER NOT NULL,
    handled INTEGER NOT NULL,
    handled_folder TEXT NOT NULL,
    manual_folder TEXT NOT NULL
) STRICT;
CREATE TABLE account_keeping (
    account INTEGER PRIMARY KEY,
    fetched INTEGER NOT NULL,
    fetched_folder TEXT NOT NULL,
    failed_folder TEXT NOT NULL,
    since INTEGER NOT NULL,
    delete_days INTEGER
, mirrored INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE account_oauth (
    account INTEGER PRIMARY KEY,
    client INTEGER NOT NULL,
    granted INTEGER,
    pending INTEGER
) STRICT;
CREATE INDEX account_oauth_client ON account_oauth (client);
CREATE INDEX account_oauth_granted ON account_oauth (granted) WHERE granted IS NOT NULL;
CREATE INDEX account_oauth_pending ON account_oauth (pending) WHERE pending IS NOT NULL;
CREATE TABLE account_sets (
    key INTEGER PRIMARY KEY,
    accounts TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE account_states (
    account INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    since INTEGER NOT NULL,
    last_success INTEGER,
    error_class TEXT,
    error_text TEXT,
    error_since INTEGER,
    next_action INTEGER
, until INTEGER) STRICT;
CREATE TABLE accounts (
    key INTEGER PRIMARY KEY,
    account_id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    address TEXT,
    kind INTEGER NOT NULL,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    tls INTEGER NOT NULL,
    login TEXT NOT NULL,
    options TEXT NOT NULL,
    credential BLOB,
    poll_seconds INTEGER NOT NULL,
    active INTEGER NOT NULL,
    created INTEGER NOT NULL,
    removed INTEGER
) STRICT;
CREATE UNIQUE INDEX accounts_name ON accounts (name) WHERE removed IS NULL;
CREATE TABLE address_parts (
    part TEXT NOT NULL,
    standing INTEGER NOT NULL,
    PRIMARY KEY (part, standing)
) STRICT, WITHOUT ROWID;
CREATE INDEX address_parts_standing ON address_parts (standing, part);
CREATE TABLE addresses (
    key INTEGER PRIMARY KEY,
    folded TEXT NOT NULL,
    written TEXT NOT NULL,
    name TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX addresses_folded ON addresses (folded, written, name);
CREATE TABLE anchor_secrets (
    secret_id BLOB PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT;
CREATE TABLE api_tokens (
    key INTEGER PRIMARY KEY,
    token_id BLOB NOT NULL UNIQUE,
    token_hash BLOB NOT NULL UNIQUE,
    user_key INTEGER NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER,
    used INTEGER
) STRICT;
CREATE INDEX api_tokens_user ON api_tokens (user_key, key);
CREATE TABLE approvals (
    key INTEGER PRIMARY KEY,
    approval_id BLOB NOT NULL UNIQUE,
    kind INTEGER NOT NULL,
    payload TEXT NOT NULL,
    note TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_name TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    delay_ms INTEGER NOT NULL,
    waited_ms INTEGER NOT NULL,
    due_at INTEGER,
    decided_by TEXT,
    decided_name TEXT,
    decided_at INTEGER,
    state INTEGER NOT NULL,
    outcome TEXT NOT NULL
) STRICT;
CREATE INDEX approvals_asked_by ON approvals (asked_by, key);
CREATE INDEX approvals_state ON approvals (state, key);
CREATE TABLE attachment_file_work (
    seq INTEGER PRIMARY KEY,
    due INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    again INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX attachment_file_work_due ON attachment_file_work (due, seq);
CREATE TABLE attachment_files (
    seq INTEGER NOT NULL,
    part TEXT NOT NULL,
    folder INTEGER NOT NULL,
    path TEXT NOT NULL,
    folded TEXT NOT NULL,
    octets INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    state INTEGER NOT NULL,
    at INTEGER NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (seq, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachment_files_place ON attachment_files (folder, folded);
CREATE INDEX attachment_files_state ON attachment_files (state, seq, part);
CREATE TABLE attachment_folders (
    key INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    last_success INTEGER,
    error_text TEXT,
    error_since INTEGER
) STRICT;
CREATE TABLE authentications (
    seq INTEGER PRIMARY KEY,
    checked INTEGER NOT NULL,
    result TEXT NOT NULL
) STRICT;
CREATE TABLE bounce_rules (
    n INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    active INTEGER NOT NULL,
    kinds TEXT NOT NULL,
    reasons TEXT NOT NULL,
    permanence INTEGER NOT NULL,
    events INTEGER NOT NULL,
    window_days INTEGER NOT NULL,
    class INTEGER NOT NULL,
    lists TEXT NOT NULL,
    actions TEXT NOT NULL
) STRICT;
CREATE TABLE conditions (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    account INTEGER,
    since INTEGER NOT NULL,
    details TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    ended INTEGER
) STRICT;
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
CREATE TABLE cursors (
    mailbox INTEGER PRIMARY KEY,
    uid_validity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    opaque TEXT NOT NULL,
    updated INTEGER NOT NULL
) STRICT;
CREATE TABLE decisions (
    message INTEGER PRIMARY KEY,
    outcome INTEGER NOT NULL,
    step INTEGER NOT NULL,
    person INTEGER NOT NULL,
    stranger INTEGER NOT NULL,
    since INTEGER NOT NULL,
    version INTEGER NOT NULL,
    trace BLOB NOT NULL
) STRICT;
CREATE INDEX decisions_day ON decisions (since, message);
CREATE INDEX decisions_open ON decisions (outcome, message) WHERE person = 0 AND outcome > 1;
CREATE TABLE document_folders (
    key INTEGER PRIMARY KEY,
    parent INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (parent, kind, name)
) STRICT;
CREATE TABLE documents (
    record INTEGER NOT NULL,
    message INTEGER NOT NULL,
    part TEXT NOT NULL,
    folder INTEGER NOT NULL,
    actor TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (record, message, part, folder)
) STRICT, WITHOUT ROWID;
CREATE INDEX documents_folder ON documents (folder, record, message);
CREATE INDEX documents_message ON documents (message);
CREATE TABLE doubled_objects (
    object_id BLOB PRIMARY KEY,
    seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX doubled_objects_seq ON doubled_objects (seq);
CREATE TABLE entries (
    list INTEGER NOT NULL,
    date INTEGER NOT NULL,
    message_seq INTEGER NOT NULL,
    class INTEGER NOT NULL,
    PRIMARY KEY (list, date, message_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX entries_class ON entries (list, class, date, message_seq) WHERE class <> 52;
CREATE TABLE erased_files (
    erasure INTEGER NOT NULL,
    folder INTEGER NOT NULL,
    path TEXT NOT NULL,
    folded TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    state INTEGER NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (erasure, folder, folded)
) STRICT, WITHOUT ROWID;
CREATE INDEX erased_files_state ON erased_files (state) WHERE state <> 1;
CREATE TABLE erased_leaves (
    erasure INTEGER NOT NULL,
    leaf INTEGER NOT NULL,
    PRIMARY KEY (erasure, leaf)
) STRICT, WITHOUT ROWID;
CREATE TABLE erased_objects (
    object_id BLOB PRIMARY KEY,
    mark BLOB,
    erasure INTEGER NOT NULL,
    state INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX erased_objects_mark ON erased_objects (mark) WHERE mark IS NOT NULL;
CREATE INDEX erased_objects_open ON erased_objects (erasure) WHERE state = 0;
CREATE TABLE erasure_mails (
    erasure INTEGER NOT NULL,
    n INTEGER NOT NULL,
    mail_id BLOB NOT NULL,
    state INTEGER NOT NULL,
    reason TEXT NOT NULL,
    seq INTEGER,
    PRIMARY KEY (erasure, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX erasure_mails_waiting ON erasure_mails (erasure, n) WHERE state = 0;
CREATE TABLE erasure_shared (
    erasure INTEGER NOT NULL,
    object_id BLOB NOT NULL,
    PRIMARY KEY (erasure, object_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE erasures (
    key INTEGER PRIMARY KEY,
    erasure_id BLOB NOT NULL UNIQUE,
    actor TEXT NOT NULL,
    basis TEXT NOT NULL,
    note TEXT NOT NULL,
    forced INTEGER NOT NULL,
    begun INTEGER NOT NULL,
    ended INTEGER,
    step INTEGER NOT NULL
) STRICT;
CREATE INDEX erasures_open ON erasures (key) WHERE step < 5;
CREATE TABLE erp_runs (
    key INTEGER PRIMARY KEY,
    run_id BLOB NOT NULL UNIQUE,
    source INTEGER NOT NULL,
    what TEXT NOT NULL,
    actor TEXT NOT NULL,
    kinds TEXT NOT NULL,
    at INTEGER NOT NULL,
    started INTEGER NOT NULL,
    ended INTEGER,
    fresh INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    same INTEGER NOT NULL,
    vanished INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    unusable INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    held INTEGER NOT NULL,
    held_of INTEGER NOT NULL,
    error TEXT NOT NULL,
    notes TEXT NOT NULL
) STRICT;
CREATE INDEX erp_runs_open ON erp_runs (key) WHERE ended IS NULL;
CREATE INDEX erp_runs_source ON erp_runs (source, key);
CREATE TABLE erp_sources (
    key INTEGER PRIMARY KEY,
    source_id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    kind INTEGER NOT NULL,
    options TEXT NOT NULL,
    credential BLOB,
    every_minutes INTEGER NOT NULL,
    active INTEGER NOT NULL,
    state TEXT NOT NULL,
    next_run INTEGER,
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX erp_sources_due ON erp_sources (next_run) WHERE next_run IS NOT NULL;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    event_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload TEXT NOT NULL
) STRICT;
CREATE INDEX events_actor ON events (actor, at, seq);
CREATE INDEX events_at ON events (at, seq);
CREATE INDEX events_kind ON events (kind, at, seq);
CREATE INDEX events_subject ON events (subject, at, seq);
CREATE TABLE examination_work (
    task INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    due INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (task, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX examination_work_due ON examination_work (task, due, seq);
CREATE TABLE examined_parts (
    seq INTEGER NOT NULL,
    number TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    findings TEXT NOT NULL,
    scan INTEGER NOT NULL,
    signature TEXT NOT NULL,
    scanner TEXT NOT NULL,
    scanned INTEGER,
    held INTEGER NOT NULL,
    policy INTEGER NOT NULL,
    released INTEGER,
    released_by TEXT NOT NULL,
    release_reason TEXT NOT NULL,
    PRIMARY KEY (seq, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX examined_parts_held ON examined_parts (seq, number) WHERE held > 0;
CREATE INDEX examined_parts_policy ON examined_parts (policy, seq, number);
CREATE INDEX examined_parts_waiting ON examined_parts (seq) WHERE scan = 1;
CREATE TABLE exclusions (
    account INTEGER NOT NULL,
    n INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind INTEGER NOT NULL,
    patterns TEXT NOT NULL,
    PRIMARY KEY (account, n),
    UNIQUE (account, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE expiries (
    kind TEXT NOT NULL,
    account INTEGER NOT NULL,
    name TEXT NOT NULL,
    ends INTEGER NOT NULL,
    noted INTEGER NOT NULL,
    PRIMARY KEY (kind, account, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE extra_addresses (
    record INTEGER NOT NULL,
    folded TEXT NOT NULL,
    used INTEGER NOT NULL,
    state INTEGER NOT NULL,
    message INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    decided INTEGER,
    PRIMARY KEY (record, folded, used)
) STRICT, WITHOUT ROWID;
CREATE INDEX extra_addresses_state ON extra_addresses (state, at, record, folded, used);
CREATE TABLE facts (
    seq INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    facts BLOB NOT NULL,
    verdict BLOB NOT NULL
) STRICT;
CREATE TABLE feedback (
    mail INTEGER PRIMARY KEY,
    digest INTEGER NOT NULL
) STRICT;
CREATE TABLE feedback_days (
    day INTEGER NOT NULL,
    account INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    domain TEXT NOT NULL,
    reason TEXT NOT NULL,
    permanence INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (day, account, kind, domain, reason, permanence)
) STRICT, WITHOUT ROWID;
CREATE TABLE format (
    version INTEGER NOT NULL
) STRICT;
CREATE TABLE grants (
    user_key INTEGER NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    account INTEGER NOT NULL REFERENCES accounts (key),
    PRIMARY KEY (user_key, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_account ON grants (account);
CREATE TABLE group_addresses (
    group_key INTEGER NOT NULL,
    folded TEXT NOT NULL,
    PRIMARY KEY (group_key, folded)
) STRICT, WITHOUT ROWID;
CREATE TABLE group_members (
    group_key INTEGER NOT NULL,
    user_key INTEGER NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    PRIMARY KEY (group_key, user_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_user ON group_members (user_key);
CREATE TABLE heads (
    seq INTEGER PRIMARY KEY,
    message_id TEXT,
    message_id_hash INTEGER,
    subject TEXT NOT NULL,
    preview TEXT NOT NULL
) STRICT;
CREATE INDEX heads_message_id ON heads (message_id_hash) WHERE message_id_hash IS NOT NULL;
CREATE TABLE held_mails (
    hold INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (hold, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX held_mails_seq ON held_mails (seq);
CREATE TABLE holds (
    key INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    reason TEXT NOT NULL,
    query TEXT NOT NULL,
    actor TEXT NOT NULL,
    since INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    lifted INTEGER,
    lifter TEXT,
    lift_reason TEXT
) STRICT;
CREATE TABLE import_entries (
    run INTEGER NOT NULL,
    n INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    locator TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    octets INTEGER NOT NULL,
    seq INTEGER,
    PRIMARY KEY (run, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX import_entries_outcome ON import_entries (run, outcome, n);
CREATE TABLE import_runs (
    key INTEGER PRIMARY KEY,
    run_id BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL,
    actor TEXT NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL,
    started INTEGER NOT NULL,
    finished INTEGER,
    total_octets INTEGER,
    seen INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    excluded INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    octets INTEGER NOT NULL
, entries INTEGER) STRICT;
CREATE TABLE index_states (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    change_seq INTEGER NOT NULL
) STRICT;
CREATE TABLE invoices (
    seq INTEGER NOT NULL,
    part TEXT NOT NULL,
    form TEXT NOT NULL,
    invoice TEXT NOT NULL,
    day INTEGER,
    total TEXT NOT NULL,
    currency TEXT NOT NULL,
    seller TEXT NOT NULL,
    PRIMARY KEY (seq, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE kept_mails (
    seq INTEGER PRIMARY KEY,
    class INTEGER NOT NULL,
    day INTEGER NOT NULL,
    rule INTEGER NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    passed TEXT NOT NULL
) STRICT;
CREATE INDEX kept_mails_day ON kept_mails (class, day, seq);
CREATE TABLE ledger_rows (
    mailbox INTEGER NOT NULL,
    n INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (mailbox, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE ledgers (
    mailbox INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    uid_validity INTEGER NOT NULL,
    source INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    quarantined INTEGER NOT NULL,
    excluded INTEGER NOT NULL,
    pending INTEGER NOT NULL,
    gone INTEGER NOT NULL,
    cut INTEGER NOT NULL
) STRICT;
CREATE TABLE left_out (
    mailbox INTEGER NOT NULL,
    uid_validity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    locator TEXT NOT NULL,
    position INTEGER NOT NULL,
    excluded INTEGER NOT NULL,
    reason TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    since INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (mailbox, uid_validity, uid, locator)
) STRICT, WITHOUT ROWID;
CREATE INDEX left_out_again ON left_out (mailbox, attempts) WHERE excluded <> 1;
CREATE INDEX left_out_excluded ON left_out (mailbox, reason) WHERE excluded = 1;
CREATE TABLE link_batch_decisions (
    batch INTEGER NOT NULL,
    message INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    step INTEGER NOT NULL,
    stranger INTEGER NOT NULL,
    since INTEGER NOT NULL,
    version INTEGER NOT NULL,
    trace BLOB NOT NULL,
    PRIMARY KEY (batch, message)
) STRICT, WITHOUT ROWID;
CREATE TABLE link_batch_links (
    batch INTEGER NOT NULL,
    message INTEGER NOT NULL,
    record INTEGER NOT NULL,
    how INTEGER NOT NULL,
    at INTEGER NOT NULL,
    removed INTEGER,
    remover TEXT,
    PRIMARY KEY (batch, message, record)
) STRICT, WITHOUT ROWID;
CREATE TABLE link_batches (
    batch INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    messages INTEGER NOT NULL,
    settings TEXT NOT NULL,
    undone INTEGER
) STRICT;
CREATE TABLE link_blocklist (
    entry TEXT PRIMARY KEY,
    note TEXT NOT NULL,
    actor TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE link_denials (
    record INTEGER NOT NULL,
    thread INTEGER NOT NULL,
    address TEXT NOT NULL,
    actor TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (record, thread, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX link_denials_address ON link_denials (address) WHERE address <> '';
CREATE INDEX link_denials_thread ON link_denials (thread) WHERE thread > 0;
CREATE TABLE link_suggestions (
    message INTEGER NOT NULL,
    record INTEGER NOT NULL,
    why INTEGER NOT NULL,
    PRIMARY KEY (message, record)
) STRICT, WITHOUT ROWID;
CREATE TABLE links (
    message INTEGER NOT NULL,
    record INTEGER NOT NULL,
    how INTEGER NOT NULL,
    rule INTEGER NOT NULL,
    actor TEXT NOT NULL,
    at INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    removed INTEGER,
    remover TEXT,
    PRIMARY KEY (message, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX links_batch ON links (batch) WHERE batch > 0;
CREATE INDEX links_record ON links (record, message) WHERE removed IS NULL;
CREATE TABLE list_counts (
    list INTEGER NOT NULL,
    class INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (list, class)
) STRICT, WITHOUT ROWID;
CREATE TABLE list_days (
    list INTEGER NOT NULL,
    day INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (list, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE list_members (
    list INTEGER NOT NULL,
    folded TEXT NOT NULL,
    name TEXT NOT NULL,
    active INTEGER NOT NULL,
    since INTEGER NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (list, folded)
) STRICT, WITHOUT ROWID;
CREATE INDEX list_members_folded ON list_members (folded);
CREATE TABLE log_leaves (
    leaf INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    subject BLOB,
    commitment BLOB NOT NULL,
    salt BLOB,
    payload TEXT
) STRICT;
CREATE INDEX log_leaves_subject ON log_leaves (subject, leaf);
CREATE TABLE mail_addresses (
    seq INTEGER NOT NULL,
    role INTEGER NOT NULL,
    n INTEGER NOT NULL,
    address INTEGER NOT NULL,
    PRIMARY KEY (seq, role, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_addresses_address ON mail_addresses (address, seq);
CREATE TABLE mail_groups (
    key INTEGER PRIMARY KEY,
    group_id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;
CREATE TABLE mailboxes (
    key INTEGER PRIMARY KEY,
    mailbox_id BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL,
    name BLOB NOT NULL,
    display_name TEXT NOT NULL,
    special_use TEXT,
    selected INTEGER NOT NULL,
    uid_validity INTEGER,
    uid_next INTEGER,
    messages INTEGER, excluded TEXT,
    UNIQUE (account, name)
) STRICT;
CREATE TABLE mailing_lists (
    key INTEGER PRIMARY KEY,
    list_id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    address TEXT,
    created INTEGER NOT NULL
) STRICT;
CREATE TABLE mails (
    seq INTEGER PRIMARY KEY,
    mail_id BLOB NOT NULL,
    stage INTEGER NOT NULL,
    change_seq INTEGER NOT NULL,
    message_seq INTEGER,
    thread INTEGER,
    date INTEGER,
    kind INTEGER,
    unread INTEGER NOT NULL,
    attachments INTEGER NOT NULL,
    defects INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX mails_change ON mails (change_seq) WHERE change_seq > 0;
CREATE UNIQUE INDEX mails_mail_id ON mails (mail_id);
CREATE INDEX mails_quarantined ON mails (seq) WHERE stage = 2;
CREATE INDEX mails_received ON mails (seq) WHERE stage = 0;
CREATE INDEX mails_thread ON mails (thread, date, seq, message_seq) WHERE thread IS NOT NULL;
CREATE INDEX mails_twins ON mails (message_seq) WHERE message_seq <> seq;
CREATE TABLE manual_queue (
    event INTEGER PRIMARY KEY,
    why TEXT NOT NULL,
    suspicious INTEGER NOT NULL,
    recipient TEXT,
    wanted INTEGER,
    resolved INTEGER,
    actor TEXT NOT NULL,
    resolution TEXT NOT NULL
) STRICT;
CREATE INDEX manual_queue_open ON manual_queue (event) WHERE resolved IS NULL;
CREATE INDEX manual_queue_wanted ON manual_queue (wanted) WHERE resolved IS NULL AND wanted IS NOT NULL;
CREATE TABLE media (
    list INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    date INTEGER NOT NULL,
    message_seq INTEGER NOT NULL,
    part TEXT NOT NULL,
    PRIMARY KEY (list, kind, date, message_seq, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE merges (
    loser INTEGER PRIMARY KEY,
    winner INTEGER NOT NULL
) STRICT;
CREATE INDEX merges_winner ON merges (winner);
CREATE TABLE message_groups (
    seq INTEGER NOT NULL,
    group_key INTEGER NOT NULL,
    account INTEGER NOT NULL,
    source INTEGER NOT NULL,
    value TEXT NOT NULL,
    pattern TEXT NOT NULL,
    PRIMARY KEY (seq, group_key, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_groups_group ON message_groups (group_key, seq);
CREATE TABLE message_references (
    message INTEGER NOT NULL,
    record INTEGER NOT NULL,
    PRIMARY KEY (message, record)
) STRICT, WITHOUT ROWID;
CREATE TABLE message_states (
    message INTEGER NOT NULL,
    group_key INTEGER NOT NULL,
    deleted INTEGER,
    PRIMARY KEY (message, group_key)
) STRICT, WITHOUT ROWID;
CREATE TABLE message_tags (
    message INTEGER NOT NULL,
    tag INTEGER NOT NULL,
    PRIMARY KEY (message, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_tags_tag ON message_tags (tag, message);
CREATE TABLE messages (
    message_key BLOB PRIMARY KEY,
    message_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE nodes (
    hash BLOB PRIMARY KEY,
    thread INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE notices (
    channel INTEGER NOT NULL,
    kind TEXT NOT NULL,
    n INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    examples TEXT NOT NULL,
    sent INTEGER,
    PRIMARY KEY (channel, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE oauth_attempts (
    digest BLOB PRIMARY KEY,
    account INTEGER NOT NULL,
    client INTEGER NOT NULL,
    verifier BLOB NOT NULL,
    redirect TEXT NOT NULL,
    person TEXT NOT NULL,
    expires INTEGER NOT NULL
) STRICT;
CREATE TABLE oauth_clients (
    key INTEGER PRIMARY KEY,
    client_id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    service INTEGER NOT NULL,
    registered TEXT NOT NULL,
    secret BLOB,
    secret_expires INTEGER,
    options TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;
CREATE TABLE oauth_grants (
    key INTEGER PRIMARY KEY,
    grant_id BLOB NOT NULL UNIQUE,
    client INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    person TEXT NOT NULL,
    scopes TEXT NOT NULL,
    refresh BLOB,
    access BLOB,
    access_expires INTEGER,
    refresh_expires INTEGER,
    linked INTEGER NOT NULL,
    refreshed INTEGER,
    trouble TEXT NOT NULL,
    trouble_text TEXT NOT NULL,
    trouble_since INTEGER,
    epoch INTEGER NOT NULL,
    leased_until INTEGER
) STRICT;
CREATE INDEX oauth_grants_client ON oauth_grants (client);
CREATE TABLE object_uses (
    object_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (object_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX object_uses_seq ON object_uses (seq);
CREATE TABLE objects (
    seq INTEGER PRIMARY KEY,
    object_id BLOB NOT NULL,
    segment INTEGER NOT NULL,
    at INTEGER NOT NULL,
    len INTEGER NOT NULL,
    octets INTEGER NOT NULL,
    sha256 BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX objects_at ON objects (segment, at);
CREATE UNIQUE INDEX objects_sha256 ON objects (sha256);
CREATE TABLE outgoing (
    key INTEGER PRIMARY KEY,
    outgoing_id BLOB NOT NULL UNIQUE,
    channel INTEGER NOT NULL,
    target INTEGER NOT NULL,
    recipient TEXT NOT NULL,
    kind TEXT NOT NULL,
    content BLOB NOT NULL,
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    created INTEGER NOT NULL,
    due INTEGER,
    last INTEGER,
    code INTEGER,
    answer TEXT NOT NULL
) STRICT;
CREATE INDEX outgoing_created ON outgoing (created) WHERE due IS NULL;
CREATE INDEX outgoing_due ON outgoing (due, key) WHERE due IS NOT NULL;
CREATE INDEX outgoing_target ON outgoing (channel, target, key);
CREATE TABLE parts (
    seq INTEGER NOT NULL,
    n INTEGER NOT NULL,
    number TEXT NOT NULL,
    name TEXT,
    content_type TEXT NOT NULL,
    octets INTEGER NOT NULL,
    sha256 BLOB,
    role INTEGER NOT NULL,
    PRIMARY KEY (seq, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE placements (
    mailbox INTEGER NOT NULL,
    uid_validity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    locator TEXT NOT NULL,
    seq INTEGER NOT NULL,
    position INTEGER NOT NULL,
    received INTEGER,
    fetched INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    gone INTEGER,
    envelope TEXT,
    PRIMARY KEY (mailbox, uid_validity, uid, locator, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX placements_live ON placements (mailbox, fetched) WHERE gone IS NULL;
CREATE INDEX placements_seq ON placements (seq);
CREATE TABLE procedures (
    key INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    language TEXT NOT NULL,
    made INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    octets INTEGER NOT NULL,
    content BLOB NOT NULL,
    UNIQUE (language, version)
) STRICT;
CREATE TABLE quarantine (
    seq INTEGER PRIMARY KEY,
    step TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT;
CREATE TABLE quotas (
    account INTEGER PRIMARY KEY,
    used INTEGER NOT NULL,
    most INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE TABLE record_addresses (
    record INTEGER NOT NULL,
    n INTEGER NOT NULL,
    folded TEXT NOT NULL,
    PRIMARY KEY (record, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_addresses_folded ON record_addresses (folded, record);
CREATE TABLE record_numbers (
    record INTEGER NOT NULL,
    n INTEGER NOT NULL,
    written TEXT NOT NULL,
    normal TEXT NOT NULL,
    PRIMARY KEY (record, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_numbers_normal ON record_numbers (normal, record);
CREATE TABLE record_relations (
    record INTEGER NOT NULL,
    role INTEGER NOT NULL,
    n INTEGER NOT NULL,
    number TEXT NOT NULL,
    PRIMARY KEY (record, role, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_relations_number ON record_relations (role, number, record);
CREATE TABLE record_words (
    word TEXT NOT NULL,
    record INTEGER NOT NULL,
    PRIMARY KEY (word, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_words_record ON record_words (record);
CREATE TABLE records (
    key INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    active INTEGER NOT NULL,
    date INTEGER,
    state TEXT NOT NULL,
    url TEXT NOT NULL,
    extra TEXT NOT NULL,
    source INTEGER NOT NULL,
    known INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    vanished INTEGER,
    change_seq INTEGER NOT NULL,
    UNIQUE (kind, number)
) STRICT;
CREATE UNIQUE INDEX records_change ON records (change_seq);
CREATE INDEX records_source ON records (source, kind, updated) WHERE vanished IS NULL;
CREATE TABLE remote_segments (
    segment BLOB PRIMARY KEY,
    octets INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    version TEXT,
    e_tag TEXT,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE remote_storage (
    remote_id BLOB PRIMARY KEY,
    endpoint TEXT NOT NULL,
    region TEXT NOT NULL,
    bucket TEXT NOT NULL,
    prefix TEXT NOT NULL,
    path_style INTEGER NOT NULL,
    access_key TEXT NOT NULL,
    secret BLOB NOT NULL,
    trust TEXT NOT NULL,
    active INTEGER NOT NULL,
    begun INTEGER NOT NULL,
    last_success INTEGER,
    error_text TEXT,
    error_since INTEGER
) STRICT;
CREATE TABLE retention_classes (
    key INTEGER PRIMARY KEY,
    word TEXT NOT NULL,
    name TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE,
    months INTEGER,
    bank_months INTEGER,
    start INTEGER NOT NULL
) STRICT;
CREATE TABLE retention_rules (
    key INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    class INTEGER NOT NULL,
    conditions TEXT NOT NULL
) STRICT;
CREATE TABLE retention_suspensions (
    key INTEGER PRIMARY KEY,
    class INTEGER NOT NULL,
    from_year INTEGER NOT NULL,
    to_year INTEGER NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT;
CREATE TABLE rule_firings (
    standing INTEGER NOT NULL,
    rule TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (standing, rule)
) STRICT, WITHOUT ROWID;
CREATE TABLE segments (
    key INTEGER PRIMARY KEY,
    segment_id BLOB NOT NULL UNIQUE,
    committed INTEGER NOT NULL,
    sealed INTEGER NOT NULL
, logged INTEGER NOT NULL DEFAULT 0, closed INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE senders (
    list INTEGER NOT NULL,
    folded TEXT NOT NULL,
    name TEXT NOT NULL,
    role INTEGER NOT NULL,
    n INTEGER NOT NULL,
    people INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (list, folded)
) STRICT, WITHOUT ROWID;
CREATE INDEX senders_last ON senders (list, last DESC, folded);
CREATE INDEX senders_n ON senders (list, n DESC, folded);
CREATE INDEX senders_unseen ON senders (folded) WHERE role < 0;
CREATE TABLE sessions (
    token_hash BLOB PRIMARY KEY,
    user_key INTEGER NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_expires ON sessions (expires);
CREATE INDEX sessions_user ON sessions (user_key);
CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE shared_objects (
    object_id BLOB PRIMARY KEY,
    segment INTEGER NOT NULL,
    at INTEGER NOT NULL,
    len INTEGER NOT NULL,
    octets INTEGER NOT NULL,
    sha256 BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX shared_objects_at ON shared_objects (segment, at);
CREATE INDEX shared_objects_sha256 ON shared_objects (sha256);
CREATE TABLE smtp_accounts (
    key INTEGER PRIMARY KEY,
    smtp_id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    tls INTEGER NOT NULL,
    login TEXT NOT NULL,
    credential BLOB,
    trust TEXT NOT NULL,
    from_address TEXT NOT NULL,
    from_name TEXT NOT NULL,
    bounce_address TEXT,
    notices INTEGER NOT NULL,
    active INTEGER NOT NULL,
    created INTEGER NOT NULL,
    last_success INTEGER,
    error_text TEXT,
    error_since INTEGER
, kind INTEGER NOT NULL DEFAULT 0, account INTEGER) STRICT;
CREATE TABLE sorting_rules (
    account INTEGER NOT NULL,
    n INTEGER NOT NULL,
    pattern TEXT NOT NULL,
    group_key INTEGER NOT NULL,
    PRIMARY KEY (account, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX sorting_rules_group ON sorting_rules (group_key);
CREATE TABLE "source_actions" (
    key INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    mailbox INTEGER NOT NULL,
    uid_validity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    locator TEXT NOT NULL,
    seq INTEGER NOT NULL,
    action INTEGER NOT NULL,
    target TEXT NOT NULL,
    why TEXT NOT NULL,
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due INTEGER NOT NULL,
    error TEXT NOT NULL,
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    UNIQUE (mailbox, uid_validity, uid, locator, action, target)
) STRICT;
CREATE INDEX source_actions_due ON source_actions (account, due) WHERE state = 0;
CREATE INDEX source_actions_listed ON source_actions (account, state, key);
CREATE TABLE standing_events (
    key INTEGER PRIMARY KEY,
    standing INTEGER,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    permanence INTEGER NOT NULL,
    reason TEXT,
    status TEXT,
    smtp_code INTEGER,
    diagnostic TEXT,
    strength INTEGER NOT NULL,
    mail INTEGER,
    n INTEGER,
    original INTEGER,
    class INTEGER NOT NULL,
    list INTEGER NOT NULL,
    counts INTEGER NOT NULL,
    state INTEGER NOT NULL,
    expires INTEGER,
    actor TEXT NOT NULL,
    note TEXT NOT NULL,
    trace TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX standing_events_mail ON standing_events (mail, n) WHERE mail IS NOT NULL;
CREATE INDEX standing_events_standing ON standing_events (standing, at, key) WHERE standing IS NOT NULL;
CREATE TABLE standings (
    key INTEGER PRIMARY KEY,
    folded TEXT NOT NULL,
    list INTEGER NOT NULL,
    state INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    since INTEGER,
    expires INTEGER,
    failures INTEGER NOT NULL,
    soft_recent INTEGER NOT NULL,
    hard INTEGER NOT NULL,
    weight INTEGER NOT NULL,
    total INTEGER NOT NULL,
    last INTEGER NOT NULL,
    UNIQUE (folded, list)
) STRICT;
CREATE INDEX standings_expires ON standings (expires) WHERE expires IS NOT NULL;
CREATE INDEX standings_last ON standings (last, key);
CREATE INDEX standings_state ON standings (state, last, key);
CREATE TABLE suppressions (
    key INTEGER PRIMARY KEY,
    folded TEXT NOT NULL,
    class INTEGER NOT NULL,
    list INTEGER NOT NULL,
    origin INTEGER NOT NULL,
    standing INTEGER,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER,
    UNIQUE (folded, class, list, origin)
) STRICT;
CREATE INDEX suppressions_standing ON suppressions (standing) WHERE standing IS NOT NULL;
CREATE TABLE suspicions (
    message INTEGER PRIMARY KEY,
    date INTEGER NOT NULL,
    spam INTEGER NOT NULL,
    marked TEXT,
    said INTEGER,
    said_by TEXT,
    said_at INTEGER
) STRICT;
CREATE INDEX suspicions_spam ON suspicions (date, message) WHERE spam = 1;
CREATE TABLE tags (
    key INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE,
    colour TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;
CREATE TABLE throttles (
    key TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    last INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX throttles_last ON throttles (last);
CREATE TABLE users (
    key INTEGER PRIMARY KEY,
    user_id BLOB NOT NULL UNIQUE,
    email TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role INTEGER NOT NULL,
    language TEXT NOT NULL,
    theme TEXT NOT NULL,
    zone TEXT NOT NULL,
    active INTEGER NOT NULL,
    created INTEGER NOT NULL
, mails_from INTEGER, mails_until INTEGER, expires INTEGER) STRICT;
CREATE TABLE webhooks (
    key INTEGER PRIMARY KEY,
    webhook_id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    url TEXT NOT NULL UNIQUE,
    kinds TEXT NOT NULL,
    secret BLOB NOT NULL,
    old_secret BLOB,
    old_until INTEGER,
    private INTEGER NOT NULL,
    active INTEGER NOT NULL,
    off_reason TEXT NOT NULL,
    created INTEGER NOT NULL,
    last_success INTEGER,
    error_text TEXT,
    error_since INTEGER
) STRICT;
CREATE TABLE witnessed_logs (
    origin TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    verifier TEXT NOT NULL,
    active INTEGER NOT NULL,
    size INTEGER NOT NULL,
    root BLOB,
    at INTEGER
) STRICT;
CREATE TABLE witnesses (
    witness_id BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    verifier TEXT NOT NULL,
    begun INTEGER NOT NULL,
    size INTEGER NOT NULL,
    at INTEGER,
    error_text TEXT,
    error_since INTEGER,
    refused INTEGER
) STRICT;
