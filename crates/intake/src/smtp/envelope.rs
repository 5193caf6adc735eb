//! The envelope as it is kept: paths, and behind a space the parameters of RFC 3461.

use std::borrow::Cow;
use std::fmt::Write as _;

use model::ReversePath;
use smtp_proto::{
    MAIL_RET_FULL, MAIL_RET_HDRS, MailFrom, RCPT_NOTIFY_DELAY, RCPT_NOTIFY_FAILURE, RCPT_NOTIFY_NEVER,
    RCPT_NOTIFY_SUCCESS, RcptTo,
};

/// `a@example.org RET=HDRS ENVID=7`; a null path has no parameters worth keeping: it wants no report.
pub(super) fn reverse_path(from: &MailFrom<Cow<'_, str>>) -> ReversePath {
    if from.address.is_empty() {
        return ReversePath::Null;
    }
    let mut path = one_line(&from.address);
    for (flag, word) in [(MAIL_RET_FULL, "FULL"), (MAIL_RET_HDRS, "HDRS")] {
        if from.flags & flag != 0 {
            let _ = write!(path, " RET={word}");
        }
    }
    if let Some(id) = &from.env_id {
        let _ = write!(path, " ENVID={}", one_line(id));
    }
    ReversePath::Path(path)
}

/// `b@example.org NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b@example.com`.
pub(super) fn forward_path(to: &RcptTo<Cow<'_, str>>) -> String {
    let mut path = one_line(&to.address);
    let words: Vec<&str> = [
        (RCPT_NOTIFY_NEVER, "NEVER"),
        (RCPT_NOTIFY_SUCCESS, "SUCCESS"),
        (RCPT_NOTIFY_FAILURE, "FAILURE"),
        (RCPT_NOTIFY_DELAY, "DELAY"),
    ]
    .into_iter()
    .filter_map(|(flag, word)| (to.flags & flag != 0).then_some(word))
    .collect();
    if !words.is_empty() {
        let _ = write!(path, " NOTIFY={}", words.join(","));
    }
    if let Some(original) = &to.orcpt {
        let _ = write!(path, " ORCPT={}", one_line(original));
    }
    path
}

/// Decoded parameters may hold anything.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
