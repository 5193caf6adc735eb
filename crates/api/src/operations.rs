//! The table of all operations; `server` routes by it, the description is made from it.

use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::{
    Access, AddressQuery, ApprovalQuery, AttachmentFileQuery, Body, DashboardQuery, DeletableQuery, DueQuery,
    ErasureQuery, ErpBatchQuery, ErpFileQuery, ErpFinishQuery, ErpRecordQuery, ErpRunQuery, EventExportQuery,
    EventQuery, ExportQuery, ExtraAddressQuery, FrameQuery, HeldQuery, HistoryQuery, ImportEntryQuery,
    ImportListQuery, LedgerQuery, LeftOutQuery, LinkStatisticsQuery, LinkableQuery, ListQuery,
    MediaExportQuery, MediaQuery, MessageQuery, Method, Operation, OutgoingQuery, PartQuery, PersonQuery,
    QuarantineQuery, QueueQuery, RecordMailQuery, RemoveLinkQuery, SearchQuery, SenderExportQuery,
    SenderQuery, SourceActionQuery, SuppressionQuery,
};

fn no_query() -> Vec<Parameter> {
    Vec::new()
}

fn query<Q: IntoParams>() -> Vec<Parameter> {
    Q::into_params(|| Some(ParameterIn::Query))
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = $method:ident $path:literal, $access:ident, $tag:literal, $summary:literal,
        $query:expr, $request:expr => $status:literal $answer:expr, $failures:expr;)*) => {
        $(
            #[doc = $summary]
            pub const $name: Operation = Operation {
                method: Method::$method,
                path: $path,
                id: id_of(stringify!($name)),
                tag: $tag,
                access: Access::$access,
                summary: $summary,
                query: $query,
                request: $request,
                status: $status,
                answer: $answer,
                failures: $failures,
            };
        )*

        /// Every operation, in the order of the description.
        pub const OPERATIONS: &[Operation] = &[$($name),*];
    };
}

/// The constant's name; lower case in the description.
const fn id_of(name: &'static str) -> &'static str {
    name
}

use Body::{Empty, Json, Multipart, Octets};

operations! {
    SETUP_STATE = Get "/api/v1/setup", Public, "setup", "Whether the first-visit wizard is to be shown.",
        no_query, Empty => 200 Json("SetupState"), &[];
    SET_UP = Post "/api/v1/setup", Public, "setup", "Makes the first administrator and logs in.",
        no_query, Json("SetupRequest") => 201 Json("Session"), &[409, 429];
    SETUP_SAMPLES = Post "/api/v1/setup/samples", Administrator, "setup", "Imports the sample mails into an account of their own that the caller may read.",
        no_query, Empty => 202 Json("ImportRun"), &[];

    SESSION = Get "/api/v1/session", SignedIn, "session", "Who is logged in, and whose mail may be read.",
        no_query, Empty => 200 Json("Session"), &[];
    LOG_IN = Post "/api/v1/session", Public, "session", "Logs in; sets the session cookie.",
        no_query, Json("SessionRequest") => 201 Json("Session"), &[401, 429];
    LOG_OUT = Delete "/api/v1/session", SignedIn, "session", "Logs out.",
        no_query, Empty => 204 Empty, &[];
    CHANGE_PROFILE = Patch "/api/v1/me", SignedIn, "session", "Changes one's own name, language, theme, zone or password.",
        no_query, Json("ProfileChange") => 200 Json("Session"), &[429];

    MESSAGES = Get "/api/v1/messages", SignedIn, "messages", "A page of messages.",
        query::<ListQuery>, Empty => 200 Json("MessagePage"), &[];
    MESSAGE = Get "/api/v1/messages/{mail_id}", SignedIn, "messages", "One message with text, attachments and what is known of it.",
        query::<MessageQuery>, Empty => 200 Json("MessageDetail"), &[404];
    MESSAGE_SEEN = Put "/api/v1/messages/{mail_id}/seen", Worker, "messages", "Marks a message as read or unread.",
        no_query, Json("SeenChange") => 204 Empty, &[404];
    DELETE_MESSAGES = Post "/api/v1/messages/delete", Worker, "messages", "Deletes messages here: they are hidden, the archive keeps them.",
        no_query, Json("DeletionRequest") => 200 Json("DeletionAnswer"), &[404];
    RESTORE_MESSAGES = Post "/api/v1/messages/restore", Worker, "messages", "Restores deleted messages.",
        no_query, Json("DeletionRequest") => 200 Json("DeletionAnswer"), &[404];
    PUT_BACK = Post "/api/v1/messages/put_back", Worker, "messages", "Puts messages into a mailbox of a server again, with the next fetch of its account.",
        no_query, Json("PutBackRequest") => 200 Json("PutBackAnswer"), &[404, 409];
    JUDGE_SPAM = Post "/api/v1/messages/spam", Worker, "messages", "Says of messages whether they are spam, or takes that back; it holds whatever filters say.",
        no_query, Json("SpamRequest") => 200 Json("SpamAnswer"), &[404];
    MESSAGE_RAW = Get "/api/v1/messages/{mail_id}/raw", SignedIn, "messages", "The original octets; those of mails with held attachments for administrators only.",
        no_query, Empty => 200 Octets("message/rfc822"), &[403, 404];
    MESSAGE_FRAME = Get "/api/v1/messages/{mail_id}/frame", SignedIn, "messages", "The mail as a safe HTML document, for a sandboxed frame.",
        query::<FrameQuery>, Empty => 200 Octets("text/html"), &[404];
    MESSAGE_PART = Get "/api/v1/messages/{mail_id}/parts/{number}", SignedIn, "messages", "An attachment, as a download.",
        query::<PartQuery>, Empty => 200 Octets("application/octet-stream"), &[403, 404];
    RELEASE_PART = Post "/api/v1/messages/{mail_id}/parts/{number}/release", Administrator, "attachments", "Lets a held attachment through, with a reason.",
        no_query, Json("ReleaseRequest") => 204 Empty, &[404];
    HOLD_PART = Delete "/api/v1/messages/{mail_id}/parts/{number}/release", Administrator, "attachments", "Holds an attachment again that somebody let through.",
        no_query, Empty => 204 Empty, &[404];
    ATTACHMENT_SETTINGS = Get "/api/v1/attachments/settings", Administrator, "attachments", "Policy, scanner and check of origins, and how they stand.",
        no_query, Empty => 200 Json("AttachmentSettings"), &[];
    SET_ATTACHMENT_SETTINGS = Put "/api/v1/attachments/settings", Administrator, "attachments", "Changes policy, scanner and check of origins.",
        no_query, Json("AttachmentSettingsChange") => 200 Json("AttachmentSettings"), &[];
    TEST_SCANNER = Post "/api/v1/attachments/scanner/test", Administrator, "attachments", "Tries a scanner with the EICAR test file.",
        no_query, Json("ScannerTest") => 200 Json("ScannerStatus"), &[];
    TEST_SPAM_FILTER = Post "/api/v1/attachments/spam_filter/test", Administrator, "attachments", "Tries a spam filter with the GTUBE test mail.",
        no_query, Json("SpamFilterTest") => 200 Json("SpamFilterTried"), &[];
    RESCAN = Post "/api/v1/attachments/rescan", Administrator, "attachments", "Has one mail's attachments, or all, scanned again.",
        no_query, Json("RescanRequest") => 202 Empty, &[404];
    ATTACHMENT_FILES = Get "/api/v1/attachment-files", Administrator, "attachments", "Attachments as files in a folder: what is set, and how it stands.",
        no_query, Empty => 200 Json("AttachmentFiles"), &[];
    SET_ATTACHMENT_FILES = Put "/api/v1/attachment-files", Administrator, "attachments", "Sets which attachments are written as files, and where; what is written stays where it is.",
        no_query, Json("AttachmentFileSettings") => 200 Json("AttachmentFiles"), &[];
    PREVIEW_ATTACHMENT_FILES = Post "/api/v1/attachment-files/preview", Administrator, "attachments", "Where the newest attachments would go.",
        no_query, Json("AttachmentFileSettings") => 200 Json("AttachmentFilePreview"), &[];
    WRITE_ATTACHMENT_FILES_AGAIN = Post "/api/v1/attachment-files/again", Administrator, "attachments", "Writes files again that are missing, whoever deleted them.",
        no_query, Empty => 202 Empty, &[];
    LIST_ATTACHMENT_FILES = Get "/api/v1/attachment-files/list", Administrator, "attachments", "Attachments of which this became, newest mail first; names only of mails you may read.",
        query::<AttachmentFileQuery>, Empty => 200 Json("AttachmentFilePage"), &[];
    HELD_ATTACHMENTS = Get "/api/v1/attachments/held", Administrator, "attachments", "Held attachments, newest mail first.",
        query::<HeldQuery>, Empty => 200 Json("HeldPage"), &[];
    IMAGE = Get "/api/v1/images/{signed}", SignedIn, "messages", "An image of a mail, by a signed address that is valid for a short time.",
        no_query, Empty => 200 Octets("image/*"), &[404, 502];
    THREAD = Get "/api/v1/threads/{thread_id}", SignedIn, "messages", "The messages of a thread, oldest first.",
        no_query, Empty => 200 Json("Thread"), &[404];
    SEARCH = Get "/api/v1/search", SignedIn, "messages", "Searches text, header fields and attachments.",
        query::<SearchQuery>, Empty => 200 Json("SearchAnswer"), &[];
    EXPORT = Get "/api/v1/export", SignedIn, "messages", "Mails of a query as a file; with their octets those with held attachments for administrators only.",
        query::<ExportQuery>, Empty => 200 Octets("application/octet-stream"), &[403, 409];

    EXPORT_CHECK = Get "/api/v1/export/check", SignedIn, "messages", "How many mails an export would hand out, and whether a second person has to approve that.",
        query::<ExportQuery>, Empty => 200 Json("ExportCheck"), &[];

    SENDERS = Get "/api/v1/senders", SignedIn, "messages", "Addresses that wrote to us, with how many mails, the first and the last.",
        query::<SenderQuery>, Empty => 200 Json("SenderPage"), &[];
    EXPORT_SENDERS = Get "/api/v1/senders/export", SignedIn, "messages", "The same as a table for mailing programs.",
        query::<SenderExportQuery>, Empty => 200 Octets("application/octet-stream"), &[403, 409];
    CHECK_SENDER_EXPORT = Get "/api/v1/senders/export/check", SignedIn, "messages", "How many addresses that would hand out, and whether a second person has to approve it.",
        query::<SenderExportQuery>, Empty => 200 Json("ExportCheck"), &[];
    MEDIA = Get "/api/v1/media", SignedIn, "messages", "Attachments over all mails, newest mail first.",
        query::<MediaQuery>, Empty => 200 Json("MediaPage"), &[];
    EXPORT_MEDIA = Get "/api/v1/media/export", SignedIn, "messages", "Attachments as a ZIP; held ones are left out and named in it.",
        query::<MediaExportQuery>, Empty => 200 Octets("application/zip"), &[403, 409];
    CHECK_MEDIA_EXPORT = Get "/api/v1/media/export/check", SignedIn, "messages", "Of how many mails that would hand something out, and whether a second person has to approve it.",
        query::<MediaExportQuery>, Empty => 200 Json("ExportCheck"), &[];

    TAGS = Get "/api/v1/tags", SignedIn, "tags", "Tags, by name.",
        no_query, Empty => 200 Json("TagList"), &[];
    CREATE_TAG = Post "/api/v1/tags", Worker, "tags", "A new tag.",
        no_query, Json("TagRequest") => 201 Json("Tag"), &[409];
    CHANGE_TAG = Put "/api/v1/tags/{key}", Worker, "tags", "Changes name and colour of a tag.",
        no_query, Json("TagRequest") => 200 Json("Tag"), &[404, 409];
    REMOVE_TAG = Delete "/api/v1/tags/{key}", Worker, "tags", "Removes a tag, from its messages as well.",
        no_query, Empty => 204 Empty, &[404];
    TAG_MESSAGES = Post "/api/v1/tags/messages", Worker, "tags", "Puts tags on messages and takes others off.",
        no_query, Json("TagChange") => 204 Empty, &[404];

    MESSAGE_LINKS = Get "/api/v1/messages/{mail_id}/links", SignedIn, "links", "What a message is linked to, suggestions, ways out.",
        no_query, Empty => 200 Json("MessageLinks"), &[404];
    LINK_TRACE = Get "/api/v1/messages/{mail_id}/links/why", SignedIn, "links", "Why a message is linked as it is: every step the rules took.",
        no_query, Empty => 200 Json("LinkTrace"), &[404];
    SET_LINK = Put "/api/v1/messages/{mail_id}/links/{kind}/{number}", Worker, "links", "Links a message with a record.",
        no_query, Empty => 200 Json("LinksChanged"), &[404];
    REMOVE_LINK = Delete "/api/v1/messages/{mail_id}/links/{kind}/{number}", Worker, "links", "Removes a link, or rejects a suggestion; rules do not set it again.",
        query::<RemoveLinkQuery>, Empty => 200 Json("LinksChanged"), &[404];
    CHANGE_LINKS = Post "/api/v1/links/bulk", Worker, "links", "Links several messages with records, removes links, or says that they need none.",
        no_query, Json("LinksChange") => 200 Json("LinksChanged"), &[404];
    UNDO_LINKS = Post "/api/v1/links/undo/{undo_id}", Worker, "links", "Takes a change of links back; what was changed again since stays.",
        no_query, Empty => 204 Empty, &[404];
    PROPOSE_CONTACT = Post "/api/v1/messages/{mail_id}/contact_proposal", Worker, "links", "Hands a new contact to the ERP: webhooks hear of `contact.proposed`.",
        no_query, Json("ContactProposalRequest") => 204 Empty, &[404];
    LINKABLE = Get "/api/v1/links/records", SignedIn, "links", "Records to link with, by the beginning of a number, a name or an address.",
        query::<LinkableQuery>, Empty => 200 Json("LinkableList"), &[];
    RECORD_SHEET = Get "/api/v1/links/records/{kind}/{number}", SignedIn, "links", "A record as its page shows it, also one that has vanished.",
        no_query, Empty => 200 Json("RecordSheet"), &[404];
    IMPORT_LIST = Get "/api/v1/import-list", SignedIn, "links", "Mails linking could not decide about, by reason.",
        query::<ImportListQuery>, Empty => 200 Json("ImportListPage"), &[];
    RECORD_MESSAGES = Get "/api/v1/records/{kind}/{number}/messages", SignedIn, "links", "Mails linked with a record, newest first.",
        query::<RecordMailQuery>, Empty => 200 Json("MessagePage"), &[404];
    EXPORT_RECORD_MESSAGES = Get "/api/v1/records/{kind}/{number}/messages.csv", SignedIn, "links", "The same as CSV.",
        query::<RecordMailQuery>, Empty => 200 Octets("text/csv"), &[404];
    RECORD_ATTACHMENTS = Get "/api/v1/records/{kind}/{number}/attachments", SignedIn, "links", "Attachments of mails linked with a record, newest first.",
        query::<RecordMailQuery>, Empty => 200 Json("RecordAttachmentPage"), &[404];
    LINK_BLOCKLIST = Get "/api/v1/links/blocklist", SignedIn, "links", "Addresses and domains that linking ignores.",
        no_query, Empty => 200 Json("LinkBlocklist"), &[];
    BLOCK_LINKING = Post "/api/v1/links/blocklist", Worker, "links", "Adds an address or a domain, or changes its note.",
        no_query, Json("BlockedEntryRequest") => 204 Empty, &[];
    UNBLOCK_LINKING = Delete "/api/v1/links/blocklist/{entry}", Worker, "links", "Takes an address or a domain off.",
        no_query, Empty => 204 Empty, &[404];
    LINK_STATISTICS = Get "/api/v1/links/statistics", SignedIn, "links", "How many mails were linked, by rule and by hand, and how many were corrected.",
        query::<LinkStatisticsQuery>, Empty => 200 Json("LinkStatistics"), &[];
    LINK_SETTINGS = Get "/api/v1/links/settings", SignedIn, "links", "How linking decides where the rules leave a choice.",
        no_query, Empty => 200 Json("LinkSettings"), &[];
    SET_LINK_SETTINGS = Put "/api/v1/links/settings", Administrator, "links", "Sets it; counts for mails from now on.",
        no_query, Json("LinkSettings") => 200 Json("LinkSettings"), &[];
    WHAT_IF = Post "/api/v1/links/what-if", Administrator, "links", "Tries other settings or another blocklist on past mails; writes nothing.",
        no_query, Json("WhatIfRequest") => 200 Json("WhatIfAnswer"), &[];
    ACTIVATE_WHAT_IF = Post "/api/v1/links/what-if/activate", Administrator, "links", "Sets what was tried; past mails, if wanted, are filed by it as one batch.",
        no_query, Json("WhatIfActivation") => 200 Json("WhatIfActivated"), &[];
    LINK_BATCHES = Get "/api/v1/links/batches", Administrator, "links", "Batches of past mails that were filed otherwise.",
        no_query, Empty => 200 Json("LinkBatchList"), &[];
    UNDO_LINK_BATCH = Post "/api/v1/links/batches/{batch}/undo", Administrator, "links", "Files the mails of a batch as before, those that nobody has decided on since.",
        no_query, Empty => 204 Empty, &[404];
    EXTRA_ADDRESSES = Get "/api/v1/links/addresses", SignedIn, "links", "Addresses of contacts that their source does not name: proposed, confirmed or rejected.",
        query::<ExtraAddressQuery>, Empty => 200 Json("ExtraAddressPage"), &[];
    DECIDE_EXTRA_ADDRESS = Put "/api/v1/links/records/{kind}/{number}/addresses/{address}", Worker, "links", "Confirms or rejects an address of a contact, or one of a deputy; one that nobody knew is added.",
        no_query, Json("AddressDecisionRequest") => 204 Empty, &[404];
    LEARNT_MASKS = Get "/api/v1/links/masks", Administrator, "links", "What the numbers of each kind look like that there are.",
        no_query, Empty => 200 Json("LearntMaskList"), &[];
    DOCUMENT_FOLDERS = Get "/api/v1/documents/folders", SignedIn, "links", "Folders for documents, by name.",
        no_query, Empty => 200 Json("DocumentFolderList"), &[];
    ADD_DOCUMENT_FOLDER = Post "/api/v1/documents/folders", Worker, "links", "A new folder, on one of three levels.",
        no_query, Json("DocumentFolderRequest") => 201 Json("DocumentFolder"), &[404, 409];
    RENAME_DOCUMENT_FOLDER = Put "/api/v1/documents/folders/{key}", Worker, "links", "Gives a folder another name.",
        no_query, Json("DocumentFolderRequest") => 204 Empty, &[404, 409];
    REMOVE_DOCUMENT_FOLDER = Delete "/api/v1/documents/folders/{key}", Worker, "links", "Removes a folder in which nothing lies.",
        no_query, Empty => 204 Empty, &[404, 409];
    RECORD_FOLDERS = Get "/api/v1/records/{kind}/{number}/folders", SignedIn, "links", "Folders that a record has, and how much lies in them.",
        no_query, Empty => 200 Json("RecordFolderList"), &[404];
    MESSAGE_DOCUMENTS = Get "/api/v1/messages/{mail_id}/documents", SignedIn, "links", "In which folders a mail and its attachments lie.",
        no_query, Empty => 200 Json("DocumentList"), &[404];
    FILE_DOCUMENT = Post "/api/v1/records/{kind}/{number}/documents", Worker, "links", "Files a linked mail, or an attachment of it, in a folder of the record, or takes it out.",
        no_query, Json("DocumentFilingRequest") => 204 Empty, &[404];
    EXPORT_RECORD_DOCUMENTS = Get "/api/v1/records/{kind}/{number}/documents.zip", SignedIn, "links", "Mails and attachments of a record as a ZIP file with an index; held attachments are left out and named.",
        query::<RecordMailQuery>, Empty => 200 Octets("application/zip"), &[404];
    JUMP_TEMPLATES = Get "/api/v1/links/jumps", SignedIn, "links", "Ways out of the program, with variables.",
        no_query, Empty => 200 Json("JumpTemplates"), &[];
    SET_JUMP_TEMPLATES = Put "/api/v1/links/jumps", Administrator, "links", "Replaces them.",
        no_query, Json("JumpTemplates") => 200 Json("JumpTemplates"), &[];

    ACCOUNTS = Get "/api/v1/accounts", SignedIn, "accounts", "Accounts: administrators see all, others those they may read.",
        no_query, Empty => 200 Json("AccountList"), &[];
    CREATE_ACCOUNT = Post "/api/v1/accounts", Administrator, "accounts", "A new account.",
        no_query, Json("AccountRequest") => 201 Json("Account"), &[409];
    TEST_CONNECTION = Post "/api/v1/accounts/test", Administrator, "accounts", "Tries connection settings before they are saved.",
        no_query, Json("ConnectionTest") => 200 Json("ConnectionTestAnswer"), &[404];
    ACCOUNT = Get "/api/v1/accounts/{account_id}", SignedIn, "accounts", "One account.",
        no_query, Empty => 200 Json("Account"), &[404];
    CHANGE_ACCOUNT = Patch "/api/v1/accounts/{account_id}", Administrator, "accounts", "Changes an account.",
        no_query, Json("AccountChange") => 200 Json("Account"), &[404, 409];
    CHANGE_ACCOUNTS = Patch "/api/v1/accounts", Administrator, "accounts", "Changes several accounts at once; each has all of it or, with a reason, nothing.",
        no_query, Json("AccountsChange") => 200 Json("AccountsChanged"), &[];
    REMOVE_ACCOUNT = Delete "/api/v1/accounts/{account_id}", Administrator, "accounts", "Removes an account; its mails stay in the archive.",
        no_query, Json("AccountRemoval") => 204 Empty, &[404, 409];
    TEST_ACCOUNT = Post "/api/v1/accounts/{account_id}/test", Administrator, "accounts", "Tries the stored settings.",
        no_query, Empty => 200 Json("ConnectionTestAnswer"), &[404, 409];
    FETCH_ACCOUNT = Post "/api/v1/accounts/{account_id}/fetch", Worker, "accounts", "Fetches now.",
        no_query, Empty => 202 Empty, &[404, 409];
    MAILBOXES = Get "/api/v1/accounts/{account_id}/mailboxes", SignedIn, "accounts", "The mailboxes of an account the caller may read.",
        no_query, Empty => 200 Json("MailboxList"), &[404];

    COMPARE_ACCOUNT = Post "/api/v1/accounts/{account_id}/compare", Worker, "accounts", "Fetches, and compares the mailboxes with their server now.",
        no_query, Empty => 202 Empty, &[404, 409];
    LEDGERS = Get "/api/v1/accounts/{account_id}/ledgers", SignedIn, "accounts", "Completeness of the mailboxes, as last compared with their server.",
        no_query, Empty => 200 Json("LedgerList"), &[404];
    LEDGER = Get "/api/v1/accounts/{account_id}/ledgers/{mailbox_id}", SignedIn, "accounts", "Mails of a mailbox that are not in the archive, and why.",
        query::<LedgerQuery>, Empty => 200 Json("LedgerPage"), &[404];
    FETCH_ANEW = Post "/api/v1/accounts/{account_id}/ledgers/{mailbox_id}/anew", Worker, "accounts", "Fetches what is missing or failed of a mailbox again, then compares it.",
        no_query, Empty => 202 Json("FetchedAnew"), &[404, 409];
    LEFT_OUT = Get "/api/v1/accounts/{account_id}/left_out", SignedIn, "accounts", "Mails at the source that are not in the archive, and why.",
        query::<LeftOutQuery>, Empty => 200 Json("LeftOutPage"), &[404];
    KEEPING = Get "/api/v1/accounts/{account_id}/keeping", SignedIn, "accounts", "What stays in the mailboxes of the account once it is here.",
        no_query, Empty => 200 Json("Keeping"), &[404];
    SET_KEEPING = Put "/api/v1/accounts/{account_id}/keeping", Administrator, "accounts", "Replaces it. Only what is durable here is touched there.",
        no_query, Json("Keeping") => 200 Json("Keeping"), &[404, 409];
    DELETABLE = Get "/api/v1/accounts/{account_id}/keeping/deletable", SignedIn, "accounts", "How many mails would be deleted in the mailboxes after so many days.",
        query::<DeletableQuery>, Empty => 200 Json("Deletable"), &[404];
    EXCLUSIONS = Get "/api/v1/accounts/{account_id}/exclusions", SignedIn, "accounts", "Rules by which mails of the account are not archived, and how many they exclude.",
        no_query, Empty => 200 Json("ExclusionList"), &[404];
    SET_EXCLUSIONS = Put "/api/v1/accounts/{account_id}/exclusions", Administrator, "accounts", "Replaces them. What is no longer excluded is fetched; what is archived stays.",
        no_query, Json("ExclusionsRequest") => 200 Json("ExclusionList"), &[404];
    SOURCE_ACTIONS = Get "/api/v1/accounts/{account_id}/source_actions", SignedIn, "accounts", "What is done in the mailbox itself: waiting, done, given up.",
        query::<SourceActionQuery>, Empty => 200 Json("SourceActionPage"), &[404];
    RETRY_SOURCE_ACTIONS = Post "/api/v1/accounts/{account_id}/source_actions/retry", Administrator, "accounts", "Tries again what was given up.",
        no_query, Empty => 204 Empty, &[404];
    DROP_SOURCE_ACTIONS = Delete "/api/v1/accounts/{account_id}/source_actions", Administrator, "accounts", "Forgets what waits or was given up; the mails stay where they are.",
        no_query, Empty => 204 Empty, &[404];

    IMPORTS = Get "/api/v1/imports", SignedIn, "imports", "Imports, newest first.",
        no_query, Empty => 200 Json("ImportList"), &[];
    UPLOAD_IMPORT = Post "/api/v1/imports", Worker, "imports", "Uploads files and imports them.",
        no_query, Multipart("ImportUpload") => 202 Json("ImportRun"), &[404, 413, 507];
    IMPORT = Get "/api/v1/imports/{import_id}", SignedIn, "imports", "One import.",
        no_query, Empty => 200 Json("ImportRun"), &[404];
    IMPORT_ENTRIES = Get "/api/v1/imports/{import_id}/entries", SignedIn, "imports", "What became of each entry of an import, in the order of its source.",
        query::<ImportEntryQuery>, Empty => 200 Json("ImportEntryPage"), &[404];
    IMPORT_REPORT_CSV = Get "/api/v1/imports/{import_id}/report.csv", SignedIn, "imports", "The report of an import as CSV.",
        no_query, Empty => 200 Octets("text/csv"), &[404];
    IMPORT_REPORT_JSON = Get "/api/v1/imports/{import_id}/report.json", SignedIn, "imports", "The report of an import as JSON: the import and its entries.",
        no_query, Empty => 200 Octets("application/json"), &[404];
    CANCEL_IMPORT = Delete "/api/v1/imports/{import_id}", Worker, "imports", "Stops an import; what was archived stays.",
        no_query, Empty => 200 Json("ImportRun"), &[404];

    QUARANTINE = Get "/api/v1/quarantine", SignedIn, "quarantine", "Mails that could not be taken apart.",
        query::<QuarantineQuery>, Empty => 200 Json("QuarantinePage"), &[];
    RETRY_QUARANTINED = Post "/api/v1/quarantine/{mail_id}/retry", Worker, "quarantine", "Tries such a mail again.",
        no_query, Empty => 202 Empty, &[404];

    ADDRESSES = Get "/api/v1/addresses", SignedIn, "addresses", "Addresses something happened to: administrators see all, others those of mail they may read.",
        query::<AddressQuery>, Empty => 200 Json("AddressPage"), &[];
    ADDRESS = Get "/api/v1/addresses/{address}", SignedIn, "addresses", "One address: states, history, contacts, suppression.",
        query::<HistoryQuery>, Empty => 200 Json("AddressDetail"), &[];
    SET_ADDRESS_STATE = Put "/api/v1/addresses/{address}/state", Worker, "addresses", "Sets the state of an address by hand, or clears it.",
        no_query, Json("AddressStateChange") => 200 Json("AddressDetail"), &[404];

    CHECK_SUPPRESSION = Post "/api/v1/suppression/check", SignedIn, "suppression", "Whether these addresses may get mail of a class, for a list.",
        no_query, Json("SuppressionCheckRequest") => 200 Json("SuppressionCheck"), &[404];
    SUPPRESSION = Get "/api/v1/suppression", SignedIn, "suppression", "The suppression list.",
        query::<SuppressionQuery>, Empty => 200 Json("SuppressionPage"), &[];
    ADD_SUPPRESSION = Post "/api/v1/suppression", Worker, "suppression", "Adds entries to the suppression list.",
        no_query, Json("SuppressionRequest") => 204 Empty, &[404];
    REMOVE_SUPPRESSION = Delete "/api/v1/suppression/{key}", Worker, "suppression", "Removes an entry; what a rule made does not come back from what was before.",
        no_query, Empty => 204 Empty, &[404];
    EXPORT_SUPPRESSION = Get "/api/v1/suppression/export", SignedIn, "suppression", "The suppression list as CSV.",
        no_query, Empty => 200 Octets("text/csv"), &[];

    LISTS = Get "/api/v1/lists", SignedIn, "lists", "Mailing lists.",
        no_query, Empty => 200 Json("MailingLists"), &[];
    CREATE_LIST = Post "/api/v1/lists", Worker, "lists", "A new mailing list.",
        no_query, Json("MailingListRequest") => 201 Json("MailingList"), &[409];
    LIST = Get "/api/v1/lists/{list_id}", SignedIn, "lists", "One mailing list.",
        no_query, Empty => 200 Json("MailingList"), &[404];
    CHANGE_LIST = Put "/api/v1/lists/{list_id}", Worker, "lists", "Changes name and address of a mailing list.",
        no_query, Json("MailingListRequest") => 200 Json("MailingList"), &[404, 409];
    REMOVE_LIST = Delete "/api/v1/lists/{list_id}", Worker, "lists", "Removes a mailing list with its members.",
        no_query, Empty => 204 Empty, &[404];
    MEMBERS = Get "/api/v1/lists/{list_id}/members", SignedIn, "lists", "Members of a mailing list.",
        query::<SuppressionQuery>, Empty => 200 Json("MemberPage"), &[404];
    PUT_MEMBERS = Put "/api/v1/lists/{list_id}/members", Worker, "lists", "Puts members on a mailing list, or takes them off.",
        no_query, Json("MemberRequest") => 204 Empty, &[404];
    REMOVE_MEMBER = Delete "/api/v1/lists/{list_id}/members/{address}", Worker, "lists", "Forgets a member.",
        no_query, Empty => 204 Empty, &[404];
    IMPORT_MEMBERS = Post "/api/v1/lists/{list_id}/members/import", Worker, "lists", "Puts the members of a CSV file (columns email, name, active) on a mailing list.",
        no_query, Octets("text/csv") => 200 Json("MemberImport"), &[404, 413];
    EXPORT_MEMBERS = Get "/api/v1/lists/{list_id}/members/export", SignedIn, "lists", "Members of a mailing list as CSV.",
        no_query, Empty => 200 Octets("text/csv"), &[404];

    BOUNCE_RULES = Get "/api/v1/bounces/rules", SignedIn, "bounces", "The rules that hold.",
        no_query, Empty => 200 Json("BounceRules"), &[];
    SET_BOUNCE_RULES = Put "/api/v1/bounces/rules", Administrator, "bounces", "Replaces the rules and judges all addresses again; asks where mail to a third of them would stop.",
        no_query, Json("BounceRulesRequest") => 200 Json("BounceRules"), &[409];
    TRY_BOUNCE_RULES = Post "/api/v1/bounces/rules/dry_run", Worker, "bounces", "What rules would do with what happened in the past days; changes nothing.",
        no_query, Json("DryRunRequest") => 200 Json("DryRun"), &[];
    BOUNCE_QUEUE = Get "/api/v1/bounces/queue", SignedIn, "bounces", "Reports that wait for a person.",
        query::<QueueQuery>, Empty => 200 Json("QueuePage"), &[];
    RESOLVE_BOUNCE = Post "/api/v1/bounces/queue/{key}/resolution", Worker, "bounces", "Says what a waiting report is about; teaches the address, not the rule.",
        no_query, Json("QueueResolutionRequest") => 204 Empty, &[404];
    BOUNCE_DASHBOARD = Get "/api/v1/bounces/dashboard", SignedIn, "bounces", "Reports by day, domain and reason; addresses by state.",
        query::<DashboardQuery>, Empty => 200 Json("BounceDashboard"), &[];

    OAUTH_CLIENTS = Get "/api/v1/oauth/clients", Administrator, "accounts", "Applications registered at sign-in services.",
        no_query, Empty => 200 Json("OauthClientList"), &[];
    CREATE_OAUTH_CLIENT = Post "/api/v1/oauth/clients", Administrator, "accounts", "A new application registered at a sign-in service.",
        no_query, Json("OauthClientRequest") => 201 Json("OauthClient"), &[409, 502];
    CHANGE_OAUTH_CLIENT = Put "/api/v1/oauth/clients/{oauth_client_id}", Administrator, "accounts", "Changes an application registered at a sign-in service.",
        no_query, Json("OauthClientRequest") => 200 Json("OauthClient"), &[404, 409, 502];
    REMOVE_OAUTH_CLIENT = Delete "/api/v1/oauth/clients/{oauth_client_id}", Administrator, "accounts", "Forgets an application that no account uses.",
        no_query, Empty => 204 Empty, &[404, 409];
    OAUTH_RETURN = Post "/api/v1/oauth/return", Administrator, "accounts", "Ends a link that was begun in this browser, with what the sign-in service sent along.",
        no_query, Json("OauthReturn") => 200 Json("OauthReturned"), &[409, 502];
    START_LINK = Post "/api/v1/accounts/{account_id}/oauth", Administrator, "accounts", "Begins to link an account to a sign-in service, or to link it anew.",
        no_query, Json("OauthStart") => 200 Json("OauthStarted"), &[404, 409, 502];
    CONFIRM_LINK = Post "/api/v1/accounts/{account_id}/oauth/confirmation", Administrator, "accounts", "Confirms that the person who consented may open this mailbox.",
        no_query, Empty => 200 Json("Account"), &[404, 409];
    UNLINK = Delete "/api/v1/accounts/{account_id}/oauth", Administrator, "accounts", "Ends the link of an account, and gives the consent back to the service.",
        no_query, Empty => 200 Json("OauthUnlinked"), &[404, 409];

    SMTP_ACCOUNTS = Get "/api/v1/smtp_accounts", Administrator, "outgoing", "Servers that send.",
        no_query, Empty => 200 Json("SmtpAccountList"), &[];
    CREATE_SMTP_ACCOUNT = Post "/api/v1/smtp_accounts", Administrator, "outgoing", "A new server that sends.",
        no_query, Json("SmtpAccountRequest") => 201 Json("SmtpAccount"), &[409];
    TEST_SMTP_ACCOUNT = Post "/api/v1/smtp_accounts/test", Administrator, "outgoing", "Tries a server that sends, step by step, and sends a test mail if a recipient is given.",
        no_query, Json("SmtpTest") => 200 Json("ConnectionTestAnswer"), &[404];
    CHANGE_SMTP_ACCOUNT = Put "/api/v1/smtp_accounts/{smtp_id}", Administrator, "outgoing", "Changes a server that sends.",
        no_query, Json("SmtpAccountRequest") => 200 Json("SmtpAccount"), &[404, 409];
    REMOVE_SMTP_ACCOUNT = Delete "/api/v1/smtp_accounts/{smtp_id}", Administrator, "outgoing", "Removes a server that sends.",
        no_query, Empty => 204 Empty, &[404];
    RECORDS = Get "/api/v1/records", SignedIn, "records", "Records of the ERP: found by what they begin with, or all of a kind.",
        query::<ErpRecordQuery>, Empty => 200 Json("ErpRecordPage"), &[];
    RECORD = Get "/api/v1/records/{kind}/{number}", SignedIn, "records", "A record of the ERP.",
        no_query, Empty => 200 Json("ErpRecord"), &[404];
    PUT_RECORD = Put "/api/v1/records/{kind}/{number}", Administrator, "records", "Adds or replaces a record of the ERP.",
        no_query, Json("ErpRecordRequest") => 200 Json("ErpRecord"), &[404];
    REMOVE_RECORD = Delete "/api/v1/records/{kind}/{number}", Administrator, "records", "Marks a record as vanished: it and its links stay, no new mail is linked to it.",
        no_query, Empty => 204 Empty, &[404];
    RECORD_BATCH = Post "/api/v1/records/batch", Administrator, "records", "Adds or replaces records, one JSON object a line, taken as they come; a line that is wrong does not hinder the others.",
        query::<ErpBatchQuery>, Octets("application/x-ndjson") => 200 Json("ErpBatchAnswer"), &[408, 409];
    OPEN_RECORD_SESSION = Post "/api/v1/records/sessions", Administrator, "records", "Begins to send everything there is of some kinds, in batches that name the session.",
        no_query, Json("ErpSessionRequest") => 201 Json("ErpRun"), &[409];
    FINISH_RECORD_SESSION = Post "/api/v1/records/sessions/{run_id}/finish", Administrator, "records", "Ends a session: what it did not name has vanished. 409 with the counts if that were more than 20 %, or lines failed.",
        query::<ErpFinishQuery>, Empty => 200 Json("ErpRun"), &[404, 409];
    ERP_SOURCES = Get "/api/v1/erp/sources", Administrator, "records", "Where records come from, each with its last run.",
        no_query, Empty => 200 Json("ErpSourceList"), &[];
    CREATE_ERP_SOURCE = Post "/api/v1/erp/sources", Administrator, "records", "A new source of records.",
        no_query, Json("ErpSourceRequest") => 201 Json("ErpSource"), &[409];
    TEST_ERP_SOURCE = Post "/api/v1/erp/sources/test", Administrator, "records", "Tries a source: reaches it, looks at its rights, columns and first rows, writes nothing.",
        no_query, Json("ErpSourceTest") => 200 Json("ErpSourceTried"), &[404];
    CHANGE_ERP_SOURCE = Put "/api/v1/erp/sources/{source_id}", Administrator, "records", "Changes a source of records.",
        no_query, Json("ErpSourceRequest") => 200 Json("ErpSource"), &[404, 409];
    REMOVE_ERP_SOURCE = Delete "/api/v1/erp/sources/{source_id}", Administrator, "records", "Removes a source and its runs; its records stay.",
        no_query, Empty => 204 Empty, &[404];
    RUN_ERP_SOURCE = Post "/api/v1/erp/sources/{source_id}/run", Administrator, "records", "Runs a source now; how it goes is in its runs.",
        query::<ErpFinishQuery>, Empty => 202 Empty, &[404, 409];
    ERP_RUNS = Get "/api/v1/erp/runs", Administrator, "records", "Runs of sources and imports, newest first.",
        query::<ErpRunQuery>, Empty => 200 Json("ErpRunPage"), &[404];
    ERP_PREVIEW = Post "/api/v1/erp/preview", Administrator, "records", "What the import of a file would change; writes nothing.",
        query::<ErpFileQuery>, Octets("application/octet-stream") => 200 Json("ErpPreview"), &[413];
    ERP_IMPORT = Post "/api/v1/erp/import", Administrator, "records", "Imports a file of records: CSV, workbook or vCards.",
        query::<ErpFileQuery>, Octets("application/octet-stream") => 200 Json("ErpRun"), &[413];
    WEBHOOKS = Get "/api/v1/webhooks", Administrator, "outgoing", "Receivers of webhooks.",
        no_query, Empty => 200 Json("WebhookList"), &[];
    CREATE_WEBHOOK = Post "/api/v1/webhooks", Administrator, "outgoing", "A new receiver of webhooks; its secret is shown this once.",
        no_query, Json("WebhookRequest") => 201 Json("WebhookSecret"), &[409];
    CHANGE_WEBHOOK = Put "/api/v1/webhooks/{webhook_id}", Administrator, "outgoing", "Changes a receiver of webhooks.",
        no_query, Json("WebhookRequest") => 200 Json("Webhook"), &[404, 409];
    REMOVE_WEBHOOK = Delete "/api/v1/webhooks/{webhook_id}", Administrator, "outgoing", "Removes a receiver of webhooks and what waits for it.",
        no_query, Empty => 204 Empty, &[404];
    ROTATE_WEBHOOK = Post "/api/v1/webhooks/{webhook_id}/secret", Administrator, "outgoing", "A new secret, shown this once; the one before signs too for a day.",
        no_query, Empty => 200 Json("WebhookSecret"), &[404];
    TEST_WEBHOOK = Post "/api/v1/webhooks/{webhook_id}/test", Administrator, "outgoing", "Puts a test event into the queue for this receiver.",
        no_query, Empty => 202 Json("Outgoing"), &[404, 409];
    DELIVERIES = Get "/api/v1/webhooks/{webhook_id}/deliveries", Administrator, "outgoing", "What went to this receiver, newest first.",
        query::<OutgoingQuery>, Empty => 200 Json("OutgoingPage"), &[404];
    OUTGOING = Get "/api/v1/outgoing", Administrator, "outgoing", "Mails of Poststelle, newest first.",
        query::<OutgoingQuery>, Empty => 200 Json("OutgoingPage"), &[];
    SEND_AGAIN = Post "/api/v1/outgoing/{outgoing_id}/again", Administrator, "outgoing", "Sends a mail or calls a webhook again, with the same id.",
        no_query, Empty => 202 Empty, &[404];
    NOTIFICATIONS = Get "/api/v1/notifications", Administrator, "outgoing", "Who hears of what, and how.",
        no_query, Empty => 200 Json("Notifications"), &[];
    SET_NOTIFICATIONS = Put "/api/v1/notifications", Administrator, "outgoing", "Sets who hears of what, and how.",
        no_query, Json("NotificationsRequest") => 200 Json("Notifications"), &[];
    NOTICES = Get "/api/v1/notices", Log, "outgoing", "What happened lately and is worth knowing.",
        no_query, Empty => 200 Json("NoticeList"), &[];

    API_TOKENS = Get "/api/v1/tokens", SignedIn, "tokens", "Tokens of programs: administrators see all, others their own.",
        no_query, Empty => 200 Json("ApiTokenList"), &[];
    CREATE_API_TOKEN = Post "/api/v1/tokens", Worker, "tokens", "A new token for oneself; it is shown this once.",
        no_query, Json("ApiTokenRequest") => 201 Json("ApiTokenSecret"), &[409];
    REVOKE_API_TOKEN = Delete "/api/v1/tokens/{token_id}", Worker, "tokens", "Revokes a token: one's own, or as an administrator any.",
        no_query, Empty => 204 Empty, &[404];

    GROUPS = Get "/api/v1/groups", SignedIn, "groups", "All groups.",
        no_query, Empty => 200 Json("GroupList"), &[];
    CREATE_GROUP = Post "/api/v1/groups", Administrator, "groups", "A new group.",
        no_query, Json("GroupRequest") => 201 Json("Group"), &[409];
    CHANGE_GROUP = Put "/api/v1/groups/{group_id}", Administrator, "groups", "Changes a group.",
        no_query, Json("GroupRequest") => 200 Json("Group"), &[404, 409];
    REMOVE_GROUP = Delete "/api/v1/groups/{group_id}", Administrator, "groups", "Removes a group with the rules that sort to it; the mails stay.",
        no_query, Empty => 204 Empty, &[404];
    SORTING = Get "/api/v1/accounts/{account_id}/sorting", SignedIn, "groups", "Which mails of the account are sorted to which group.",
        no_query, Empty => 200 Json("SortingRules"), &[404];
    SET_SORTING = Put "/api/v1/accounts/{account_id}/sorting", Administrator, "groups", "Replaces that, for mails that come from now on.",
        no_query, Json("SortingRules") => 200 Json("SortingRules"), &[404];
    SORT_EARLIER = Post "/api/v1/accounts/{account_id}/sorting/earlier", Administrator, "groups", "Sorts earlier mails of the account by the rules of now.",
        no_query, Empty => 202 Empty, &[404];

    APPROVALS = Get "/api/v1/approvals", SignedIn, "approvals", "What needs a second person, newest first: all for administrators and auditors, one's own for others.",
        query::<ApprovalQuery>, Empty => 200 Json("ApprovalPage"), &[];
    ASK_EXPORT = Post "/api/v1/approvals/exports", Worker, "approvals", "Asks a second person for an export of many mails; when it is approved, it can be fetched for 24 hours.",
        no_query, Json("ExportRequest") => 201 Json("Approval"), &[];
    APPROVAL_SETTINGS = Get "/api/v1/approvals/settings", Administrator, "approvals", "From how many mails on an export needs an approval.",
        no_query, Empty => 200 Json("ApprovalSettings"), &[];
    SET_APPROVAL_SETTINGS = Put "/api/v1/approvals/settings", Administrator, "approvals", "Changes that.",
        no_query, Json("ApprovalSettings") => 200 Json("ApprovalSettings"), &[];
    DELAYED_APPROVALS = Get "/api/v1/approvals/delayed", SignedIn, "approvals", "What the only administrator has asked for and may approve alone after a delay.",
        no_query, Empty => 200 Json("DelayedApprovalList"), &[];
    APPROVE = Post "/api/v1/approvals/{approval_id}/approve", Administrator, "approvals", "Approves what somebody else has asked for; it is carried out at once.",
        no_query, Empty => 200 Json("Approval"), &[404, 409];
    REFUSE = Post "/api/v1/approvals/{approval_id}/refuse", Administrator, "approvals", "Refuses it.",
        no_query, Json("ApprovalRefusal") => 200 Json("Approval"), &[404, 409];
    WITHDRAW = Post "/api/v1/approvals/{approval_id}/withdraw", Worker, "approvals", "Takes back what one has asked for oneself.",
        no_query, Empty => 200 Json("Approval"), &[404, 409];

    USERS = Get "/api/v1/users", Administrator, "users", "All users.",
        no_query, Empty => 200 Json("UserList"), &[];
    CREATE_USER = Post "/api/v1/users", Administrator, "users", "A new user.",
        no_query, Json("UserRequest") => 201 Json("User"), &[409];
    USER = Get "/api/v1/users/{user_id}", Administrator, "users", "One user.",
        no_query, Empty => 200 Json("User"), &[404];
    CHANGE_USER = Patch "/api/v1/users/{user_id}", Administrator, "users", "Changes a user.",
        no_query, Json("UserChange") => 200 Json("User"), &[404, 409];
    REMOVE_USER = Delete "/api/v1/users/{user_id}", Administrator, "users", "Removes a user; the log keeps the name.",
        no_query, Empty => 204 Empty, &[404, 409];

    RETENTION = Get "/api/v1/retention", SignedIn, "retention", "Retention classes, rules and open assessments.",
        no_query, Empty => 200 Json("RetentionState"), &[];
    SET_RETENTION = Put "/api/v1/retention", Administrator, "retention", "Sets the zone of days and whether longer periods of banks hold.",
        no_query, Json("RetentionSettingsRequest") => 200 Json("RetentionState"), &[];
    CREATE_RETENTION_CLASS = Post "/api/v1/retention/classes", Administrator, "retention", "A new retention class.",
        no_query, Json("RetentionClassRequest") => 201 Json("RetentionState"), &[409];
    CHANGE_RETENTION_CLASS = Put "/api/v1/retention/classes/{key}", Administrator, "retention", "Changes a retention class; its mails are kept by the new period.",
        no_query, Json("RetentionClassRequest") => 200 Json("RetentionState"), &[404, 409];
    REMOVE_RETENTION_CLASS = Delete "/api/v1/retention/classes/{key}", Administrator, "retention", "Removes a retention class nothing uses.",
        no_query, Empty => 204 Empty, &[404, 409];
    CREATE_RETENTION_RULE = Post "/api/v1/retention/rules", Administrator, "retention", "A new rule, for mails that come or change from now on.",
        no_query, Json("RetentionRuleRequest") => 201 Json("RetentionState"), &[404];
    PREVIEW_RETENTION_RULES = Post "/api/v1/retention/rules/preview", Administrator, "retention", "What the rules would do with mails that are here.",
        no_query, Empty => 200 Json("RetentionPreview"), &[];
    APPLY_RETENTION_RULES = Post "/api/v1/retention/rules/apply", Administrator, "retention", "Asks the rules about every mail that is here; classes become longer, never shorter.",
        no_query, Empty => 202 Empty, &[];
    CHANGE_RETENTION_RULE = Put "/api/v1/retention/rules/{key}", Administrator, "retention", "Changes a rule, likewise.",
        no_query, Json("RetentionRuleRequest") => 200 Json("RetentionState"), &[404];
    REMOVE_RETENTION_RULE = Delete "/api/v1/retention/rules/{key}", Administrator, "retention", "Removes a rule; mails keep the class it gave them.",
        no_query, Empty => 204 Empty, &[404];
    ADD_OPEN_YEARS = Post "/api/v1/retention/open-years", Administrator, "retention", "Notes that the assessment of years is open: nothing of them falls due.",
        no_query, Json("OpenYearsRequest") => 201 Json("RetentionState"), &[404];
    END_OPEN_YEARS = Delete "/api/v1/retention/open-years/{key}", Administrator, "retention", "The assessment is over.",
        no_query, Empty => 204 Empty, &[404];
    LEGAL_HOLDS = Get "/api/v1/retention/holds", Administrator, "retention", "Legal holds, open ones first.",
        no_query, Empty => 200 Json("LegalHoldList"), &[];
    ADD_LEGAL_HOLD = Post "/api/v1/retention/holds", Administrator, "retention", "Holds what a query finds, now and later.",
        no_query, Json("LegalHoldRequest") => 201 Json("LegalHoldList"), &[409];
    PREVIEW_LEGAL_HOLD = Post "/api/v1/retention/holds/preview", Administrator, "retention", "How many messages a query finds.",
        no_query, Json("HoldPreviewRequest") => 200 Json("HoldPreview"), &[];
    LIFT_LEGAL_HOLD = Post "/api/v1/retention/holds/{key}/lift", Administrator, "retention", "Lifts a legal hold.",
        no_query, Json("HoldLiftRequest") => 200 Json("LegalHoldList"), &[404];
    DUE_YEARS = Get "/api/v1/retention/due", Administrator, "retention", "Mails by class and year, and how many of them are due.",
        no_query, Empty => 200 Json("DueYearList"), &[];
    DUE_MAILS = Get "/api/v1/retention/due/mails", Administrator, "retention", "Mails of a class and year that are due.",
        query::<DueQuery>, Empty => 200 Json("DueKeptPage"), &[404];
    RELEASE_DUE = Post "/api/v1/retention/due/release", Administrator, "retention", "Asks for the mails of a class and year that are due to be erased for good, which another administrator approves.",
        no_query, Json("DueReleaseRequest") => 201 Json("Approval"), &[404];
    SET_MESSAGE_RETENTION = Post "/api/v1/messages/retention", Worker, "retention", "Gives messages a retention class; only administrators make it shorter.",
        no_query, Json("RetentionChange") => 204 Empty, &[403, 404];
    MESSAGE_KEEPING = Get "/api/v1/messages/{mail_id}/keeping", SignedIn, "retention", "How long a message is kept and why, and invoices in it.",
        no_query, Empty => 200 Json("MessageKeeping"), &[404];

    EVENTS = Get "/api/v1/events", Log, "events", "The event log, newest first.",
        query::<EventQuery>, Empty => 200 Json("EventPage"), &[];
    EVENT_WORDS = Get "/api/v1/events/words", Log, "events", "Who has done something, and what was done: for filters.",
        no_query, Empty => 200 Json("EventWords"), &[];
    EXPORT_EVENTS = Get "/api/v1/events/export", Log, "events", "The log as a file, CSV or lines of JSON.",
        query::<EventExportQuery>, Empty => 200 Octets("application/octet-stream"), &[];
    PROCEDURES = Get "/api/v1/procedures", Log, "events", "Versions of the procedural documentation, the newest first.",
        no_query, Empty => 200 Json("ProcedureList"), &[];
    MAKE_PROCEDURE = Post "/api/v1/procedures", Administrator, "events", "Makes the next version of the procedural documentation of what is set now.",
        no_query, Json("ProcedureRequest") => 201 Json("ProcedureVersion"), &[409];
    PROCEDURE = Get "/api/v1/procedures/{language}/{version}", Log, "events", "A version as PDF.",
        no_query, Empty => 200 Octets("application/pdf"), &[404];
    PROOF = Get "/api/v1/proof", Log, "status", "How the provable log stands, and who stamps it.",
        no_query, Empty => 200 Json("ProofState"), &[];
    SET_STAMP_AUTHORITIES = Put "/api/v1/proof/authorities", Administrator, "status", "Sets the time stamp authorities.",
        no_query, Json("StampAuthorities") => 200 Json("ProofState"), &[];
    ANCHORING = Get "/api/v1/anchoring", Administrator, "status", "What anchors the log outside: checkpoints by mail, witnesses, and logs that are witnessed here.",
        no_query, Empty => 200 Json("AnchoringState"), &[];
    SET_CHECKPOINT_MAIL = Put "/api/v1/anchoring/mail", Administrator, "status", "Sets to whom checkpoints of the log go by mail, and how often.",
        no_query, Json("CheckpointMailRequest") => 200 Json("AnchoringState"), &[];
    SEND_CHECKPOINT_MAIL = Post "/api/v1/anchoring/mail/send", Administrator, "status", "Sends the newest checkpoint now.",
        no_query, Empty => 202 Empty, &[409];
    SET_LOG_WITNESSES = Put "/api/v1/anchoring/witnesses", Administrator, "status", "Sets the witnesses of the log.",
        no_query, Json("LogWitnesses") => 200 Json("AnchoringState"), &[];
    SET_WITNESSING = Put "/api/v1/anchoring/witness", Administrator, "status", "Sets whether this server is a witness, and of which logs.",
        no_query, Json("WitnessingRequest") => 200 Json("AnchoringState"), &[];
    ADD_CHECKPOINT = Post "/api/v1/witness/add-checkpoint", Public, "status", "Confirms the head of another log if it continues the one that was confirmed last (C2SP tlog-witness). 409 answers with the size that was confirmed.",
        no_query, Octets("text/plain") => 200 Octets("text/plain"), &[403, 404, 409, 422, 429];
    STORAGE = Get "/api/v1/storage", Administrator, "status", "How segments are protected here, and the store that keeps them besides this machine.",
        no_query, Empty => 200 Json("StorageState"), &[];
    SET_REMOTE_STORAGE = Put "/api/v1/storage/remote", Administrator, "status", "Sets the store; of another place everything is sent anew.",
        no_query, Json("RemoteStorageRequest") => 200 Json("StorageState"), &[];
    REMOVE_REMOTE_STORAGE = Delete "/api/v1/storage/remote", Administrator, "status", "Forgets the store; what it has stays there.",
        no_query, Empty => 204 Empty, &[];
    TEST_REMOTE_STORAGE = Post "/api/v1/storage/remote/test", Administrator, "status", "Tries a store: bucket, writing, lock.",
        no_query, Json("RemoteStorageRequest") => 200 Json("RemoteStorageTested"), &[];
    RECOVERY_KEY = Get "/api/v1/recovery-key", Administrator, "status", "Whether a recovery key for the master key was made.",
        no_query, Empty => 200 Json("RecoveryKeyState"), &[];
    MAKE_RECOVERY_KEY = Post "/api/v1/recovery-key", Administrator, "status", "Makes a recovery key, shown this once.",
        no_query, Empty => 200 Json("RecoveryKeyMade"), &[];
    CHECK_RECOVERY_KEY = Post "/api/v1/recovery-key/check", Administrator, "status", "Compares a printed recovery key.",
        no_query, Json("RecoveryKeyCheck") => 204 Empty, &[];
    ERASURES = Get "/api/v1/erasures", Administrator, "erasures", "What was erased on request, newest first.",
        query::<ErasureQuery>, Empty => 200 Json("ErasurePage"), &[];
    ERASURE_PREVIEW = Post "/api/v1/erasures/preview", Administrator, "erasures", "Mails from, to or about an address, and which of them may not be erased.",
        no_query, Json("ErasureSearch") => 200 Json("ErasurePreview"), &[];
    ERASE = Post "/api/v1/erasures", Administrator, "erasures", "Asks for mails to be erased for good, which another administrator approves; what may not be erased is refused then.",
        no_query, Json("ErasureRequest") => 201 Json("Approval"), &[];
    PERSON = Get "/api/v1/person", Administrator, "erasures", "Everything about an address as a ZIP, as far as you may read it.",
        query::<PersonQuery>, Empty => 200 Octets("application/zip"), &[];
    DOCTOR = Get "/api/v1/doctor", SignedIn, "status", "What is blind or about to be, and what to do.",
        no_query, Empty => 200 Json("DoctorReport"), &[];
    STATUS = Get "/api/v1/status", SignedIn, "status", "Counters, accounts in trouble, room on the disk.",
        no_query, Empty => 200 Json("Status"), &[];
    LIVE = Get "/api/v1/live", SignedIn, "status", "Server-sent events: message.new, mail.examined, account.state, import.progress, status.",
        no_query, Empty => 200 Octets("text/event-stream"), &[];

    API_DESCRIPTION = Get "/api/openapi.json", Public, "server", "This description.",
        no_query, Empty => 200 Octets("application/json"), &[];
    HEALTH_LIVE = Get "/health/live", Public, "server", "The process answers.",
        no_query, Empty => 200 Octets("text/plain"), &[];
    HEALTH_READY = Get "/health/ready", Public, "server", "Database and archive answer.",
        no_query, Empty => 200 Octets("text/plain"), &[503];
    METRICS = Get "/metrics", Public, "server", "Counters as Prometheus text; from other machines for administrators only.",
        no_query, Empty => 200 Octets("text/plain"), &[];
}
