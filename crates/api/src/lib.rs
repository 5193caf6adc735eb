//! The JSON of the HTTP API and its description.
//!
//! In: values of `model`. Out: types that serialise, the table of all operations ([`OPERATIONS`]) with the right
//! each needs, and the OpenAPI document made from both ([`description()`]), kept in `openapi.json` beside this crate.
//! It does not answer requests, knows no database and checks no rights: that is `server`.

mod account_sets;
mod accounts;
mod address;
mod addresses;
mod anchoring;
mod approvals;
mod attachment_files;
mod attachments;
mod bounces;
mod correspondence;
mod description;
mod detail;
mod doctor;
mod documents;
mod erasures;
mod erp;
mod events;
mod exclusions;
mod groups;
mod imports;
mod keeping;
mod links;
mod live;
mod messages;
mod oauth;
mod operation;
mod operations;
mod outgoing;
mod problem;
mod procedures;
mod proof;
mod quarantine;
mod retention;
mod search;
mod session;
mod setup;
mod status;
mod storage;
mod suppression;
mod tags;
mod time;
mod tokens;
mod users;
mod verdict;
mod what_if;

#[cfg(test)]
mod tests;

pub use account_sets::{AccountChanged, AccountsChange, AccountsChanged, DeleteAfter};
pub use accounts::{
    Account, AccountChange, AccountError, AccountKind, AccountList, AccountRemoval, AccountRequest,
    AccountState, AccountStateWord, Advice, Connection, ConnectionRequest, ConnectionTest,
    ConnectionTestAnswer, HandledReports, Handling, LeftOut, LeftOutPage, LeftOutQuery, Mailbox,
    MailboxChoice, MailboxFound, MailboxList, MailboxRole, Progress, SourceAction, SourceActionPage,
    SourceActionQuery, SourceActionState, SourceActionWord, TestStep, TestStepWord, TlsMode, Trust,
};
pub use address::Address;
pub use addresses::{
    AddressDetail, AddressEvent, AddressPage, AddressQuery, AddressState, AddressStateChange,
    AddressStateWord, Contact, ContactName, HistoryQuery, MailClass, MatchStep, Strength,
};
pub use anchoring::{
    AnchoringState, CheckpointEvery, CheckpointMail, CheckpointMailRequest, LogWitness, LogWitnessRequest,
    LogWitnesses, WitnessedLog, WitnessedLogRequest, Witnessing, WitnessingRequest,
};
pub use approvals::{
    Approval, ApprovalKind, ApprovalPage, ApprovalQuery, ApprovalRefusal, ApprovalSettings, ApprovalState,
    DelayedApproval, DelayedApprovalList,
};
pub use attachment_files::{
    AttachmentFile, AttachmentFileExample, AttachmentFilePage, AttachmentFilePreview, AttachmentFileQuery,
    AttachmentFileSettings, AttachmentFileState, AttachmentFiles,
};
pub use attachments::{
    AttachmentClass, AttachmentFinding, AttachmentHold, AttachmentRelease, AttachmentSettings,
    AttachmentSettingsChange, AuthResult, Authentication, DkimSignature, HeldAttachment, HeldPage, HeldQuery,
    HoldReason, ReleaseRequest, RescanRequest, ScannerStatus, ScannerTest, SpamFilterTest, SpamFilterTried,
    SpamMark, StatedResult,
};
pub use bounces::{
    BounceCount, BounceDashboard, BounceRule, BounceRules, BounceRulesRequest, BounceSettings, CountOf,
    DashboardQuery, DryRun, DryRunRequest, DryRunStop, QueueItem, QueuePage, QueueQuery,
    QueueResolutionRequest, RuleAction, RuleCategory, StateCount,
};
pub use correspondence::{
    Media, MediaExportQuery, MediaKind, MediaPage, MediaQuery, Sender, SenderExportQuery, SenderOrder,
    SenderPage, SenderQuery, TableFormat,
};
pub use description::{description, description_json};
pub use detail::{
    Defect, FrameQuery, HeaderField, MessageDetail, MessageQuery, Part, PartQuery, Placement, SeenChange,
    Stretch, StretchKind, Twin,
};
pub use doctor::{
    Condition, DoctorReport, FetchedAnew, Ledger, LedgerList, LedgerPage, LedgerQuery, LedgerReason,
    LedgerRow, Severity,
};
pub use documents::{
    AddressDecision, AddressDecisionRequest, AddressUse, Document, DocumentFilingRequest, DocumentFolder,
    DocumentFolderList, DocumentFolderRequest, DocumentList, ExtraAddress, ExtraAddressPage,
    ExtraAddressQuery, LearntMask, LearntMaskList, LearntMasks, NumberMask, RecordFolder, RecordFolderList,
    TaughtBy,
};
pub use erasures::{
    ErasedFile, Erasure, ErasureAbout, ErasureBasis, ErasureMail, ErasurePage, ErasurePreview, ErasureQuery,
    ErasureRequest, ErasureSearch, PersonQuery,
};
pub use erp::{
    ErpBatchAnswer, ErpBatchQuery, ErpBook, ErpDav, ErpDifference, ErpField, ErpFile, ErpFileQuery,
    ErpFinishQuery, ErpKind, ErpLineError, ErpLineRequest, ErpNote, ErpPreview, ErpRecord, ErpRecordPage,
    ErpRecordQuery, ErpRecordRequest, ErpRun, ErpRunPage, ErpRunQuery, ErpSessionRequest, ErpSource,
    ErpSourceList, ErpSourceRequest, ErpSourceTest, ErpSourceTried, ErpSourceType, ErpSql, ErpStatement,
    ErpStatementTried,
};
pub use events::{Actor, Event, EventExportQuery, EventFormat, EventPage, EventQuery, EventWord, EventWords};
pub use exclusions::{Exclusion, ExclusionKind, ExclusionList, ExclusionRequest, ExclusionsRequest};
pub use groups::{
    Group, GroupList, GroupMember, GroupName, GroupRequest, MessageGroup, SortingRule, SortingRules,
};
pub use imports::{
    ImportDuplicateOf, ImportEntry, ImportEntryPage, ImportEntryQuery, ImportFailure, ImportList,
    ImportOutcome, ImportReason, ImportRun, ImportState, ImportUpload,
};
pub use keeping::{AfterFetch, Deletable, DeletableQuery, Keeping};
pub use links::{
    BlockedEntry, BlockedEntryRequest, ContactProposalRequest, ImportGroup, ImportItem, ImportListPage,
    ImportListQuery, Jump, JumpTemplate, JumpTemplates, LinkBlocklist, LinkHowCount, LinkStatistics,
    LinkStatisticsQuery, LinkStep, LinkSuggestion, LinkTrace, LinkableList, LinkableQuery, LinkedRecord,
    LinksChange, LinksChanged, MessageLinks, OpenReason, RecordAttachment, RecordAttachmentPage, RecordLink,
    RecordMailQuery, RecordName, RecordSheet, Remember, RemoveLinkQuery,
};
pub use live::{AccountStateChanged, ImportProgress, MailsExamined, MessageNew, StatusChanged};
pub use messages::{
    DeletionAnswer, DeletionRequest, ListQuery, MessagePage, MessageRow, Order, PutBackAnswer,
    PutBackRequest, SpamAnswer, SpamChanged, SpamRequest, SpamState, Thread,
};
pub use oauth::{
    OauthClient, OauthClientList, OauthClientRequest, OauthDevice, OauthEndpoints, OauthLink, OauthLinkState,
    OauthReturn, OauthReturned, OauthService, OauthStart, OauthStarted, OauthUnlinked, OauthWay,
};
pub use operation::{Access, Body, Method, Operation};
pub use operations::*;
pub use outgoing::{
    Notice, NoticeList, NoticeRecipient, NoticeWay, Notifications, NotificationsRequest, Outgoing,
    OutgoingError, OutgoingPage, OutgoingQuery, OutgoingState, SendingKind, SmtpAccount, SmtpAccountList,
    SmtpAccountRequest, SmtpTest, Webhook, WebhookList, WebhookRequest, WebhookSecret,
};
pub use problem::Problem;
pub use procedures::{ProcedureList, ProcedureRequest, ProcedureVersion};
pub use proof::{
    ProofState, RecoveryKeyCheck, RecoveryKeyMade, RecoveryKeyState, StampAuthorities, StampAuthority,
    StampAuthorityRequest,
};
pub use quarantine::{QuarantinePage, QuarantineQuery, Quarantined};
pub use retention::{
    DueKeptMail, DueKeptPage, DueQuery, DueReleaseRequest, DueYear, DueYearList, HoldLiftRequest, HoldName,
    HoldPreview, HoldPreviewRequest, KeptClass, LegalHold, LegalHoldList, LegalHoldRequest, MailInvoice,
    MessageKeeping, OpenYears, OpenYearsRequest, RetentionChange, RetentionClass, RetentionClassRequest,
    RetentionConditions, RetentionPreview, RetentionPreviewRule, RetentionRule, RetentionRuleRequest,
    RetentionSettingsRequest, RetentionStart, RetentionState,
};
pub use search::{
    ExportCheck, ExportFormat, ExportQuery, ExportRequest, Facet, Facets, Piece, SearchAnswer, SearchHit,
    SearchQuery, SearchSort,
};
pub use session::{AccountName, ProfileChange, Session, SessionRequest, SessionUser, Theme};
pub use setup::{SetupRequest, SetupState};
pub use status::{AccountInTrouble, Disk, Stages, Status};
pub use storage::{
    ObjectLock, ObjectLockWord, RemoteStorage, RemoteStorageRequest, RemoteStorageTested, SegmentProtection,
    StorageState,
};
pub use suppression::{
    ListMember, MailingList, MailingListRequest, MailingLists, MemberImport, MemberItemRequest, MemberPage,
    MemberRequest, Suppression, SuppressionCheck, SuppressionCheckRequest, SuppressionChecked,
    SuppressionItemRequest, SuppressionPage, SuppressionQuery, SuppressionRequest,
};
pub use tags::{Tag, TagChange, TagColour, TagList, TagRequest};
pub use time::Timestamp;
pub use tokens::{ApiToken, ApiTokenList, ApiTokenRequest, ApiTokenSecret, TokenScope};
pub use users::{Language, Role, User, UserChange, UserLimits, UserList, UserRequest};
pub use verdict::{AutoReply, Evidence, Kind, Original, Permanence, RecipientReport, ReportAction, Verdict};
pub use what_if::{
    LinkBatch, LinkBatchList, LinkSettings, LinkState, WhatIfActivated, WhatIfActivation, WhatIfAnswer,
    WhatIfRequest, WhatIfRow,
};
