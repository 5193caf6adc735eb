//! What spam filters say: a real rspamd, a real spamd, and the marks of those before.

use examine::SpamMark;
use model::Scope;
use pipeline::ExaminationSettings;
use store::{ExaminationTask, ListFilter};
use test_support::{GTUBE, SpamFilter};

use crate::origin::{Post, mail};

fn set_filter(post: &Post, address: &str) {
    let settings = ExaminationSettings {
        authenticate: false,
        spam_filter: address.to_owned(),
        ..(*post.world.engine.examination()).clone()
    };
    post.world.engine.set_examination(settings.checked().unwrap()).unwrap();
}

fn spam(subject: &str) -> String {
    mail(subject, "eva@example.org", "") + GTUBE + "\r\n"
}

#[test]
fn filters_are_asked() {
    for mut filter in [SpamFilter::rspamd(), SpamFilter::spamd()] {
        let post = Post::new();
        set_filter(&post, &filter.address());
        post.deliver(&spam("spam"), None);
        let mark = post.found("spam").spam.unwrap();
        assert!(mark.is_spam && mark.required_milli.is_some_and(|most| most > 0), "{mark:?}");
        assert!(mark.score_milli >= mark.required_milli, "{mark:?}");
        assert!(filter.address().starts_with(if mark.by == "rspamd" { "rspamd:" } else { "spamd:" }));
        // The filter's word counts, whatever stands in the mail.
        let suspected = ListFilter { spam: true, ..ListFilter::default() };
        assert_eq!(post.world.store().count(&Scope::All, &suspected).unwrap(), 1);
        assert!(post.world.engine.try_spam_filter(&filter.address()).unwrap().is_spam);
        post.deliver(&mail("ham", "eva@example.org", "X-Spam-Flag: YES\r\n"), None);
        let mark = post.found("ham").spam.unwrap();
        assert!(!mark.is_spam, "{mark:?}");

        // While it is down the mail is there, with the mark it came with, and is asked about again.
        filter.stop();
        post.deliver(&spam("later"), None);
        assert_eq!(post.found("later").spam, None);
        let due = post.world.store().next_examination(ExaminationTask::Authenticate).unwrap();
        assert!(due.is_some_and(|due| due > crate::world::now()), "{due:?}");
    }
}

#[test]
fn marks_of_others_are_kept() {
    let post = Post::new();
    let fields = "X-Spam-Flag: YES\r\nX-Spam-Status: Yes, score=9.1 required=5.0 tests=A\r\n";
    post.deliver(&mail("marked", "eva@example.org", fields), None);
    let expected = SpamMark {
        by: "X-Spam-Status".to_owned(),
        is_spam: true,
        score_milli: Some(9100),
        required_milli: Some(5000),
    };
    assert_eq!(post.found("marked").spam, Some(expected));
    post.deliver(&mail("plain", "eva@example.org", ""), None);
    assert_eq!(post.found("plain").spam, None);
}
