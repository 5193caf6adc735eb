//! What Thunderbird keeps beside and in its mbox files.
//!
//! Source: <https://udn.realityripple.com/docs/Archive/Misc_top_level/Mozilla-Mail>, `nsMsgMessageFlags.idl` of comm-central.

use super::walker::has_extension;

/// Rule for mails that are deleted and stay in the file until it is compacted.
pub(super) const EXPUNGED: &str = "thunderbird expunged";
/// `X-Mozilla-Status`: deleted, to be cut out.
pub(super) const STATUS_EXPUNGED: u32 = 0x0008;
/// `X-Mozilla-Status2`: marked as deleted at an IMAP server.
pub(super) const STATUS2_IMAP_DELETED: u32 = 0x0020_0000;

/// Names of files that hold no mail, in folders of mail.
const INDEX_FILES: [&str; 8] = [
    "msgFilterRules.dat",
    "filterlog.html",
    "junklog.html",
    "popstate.dat",
    "panacea.dat",
    "virtualFolders.dat",
    "global-messages-db.sqlite",
    "training.dat",
];

/// Rule for a file that Thunderbird keeps beside its mails.
pub(super) fn excluded(name: &str) -> Option<&'static str> {
    (has_extension(name, "msf") || INDEX_FILES.contains(&name)).then_some("thunderbird index")
}
