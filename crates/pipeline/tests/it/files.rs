//! Attachments as files in a folder tree.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use model::{EventId, MailId, Scope};
use pipeline::{Basis, ErasureRequest, FileSettings, FileSettingsError};
use store::{Event, FileCounts, FileState};
use tempfile::TempDir;

use crate::malware::{import, mail};
use crate::world::{World, now, wait};

const PDF: &[u8] = b"%PDF-1.4 an offer";

fn event() -> Event {
    Event {
        id: EventId::new(uuid::Uuid::now_v7()),
        at: now(),
        actor: String::new(),
        kind: "files.changed".to_owned(),
        subject: String::new(),
        payload: "{}".to_owned(),
    }
}

struct Tree {
    world: World,
    folder: TempDir,
}

impl Tree {
    fn new(pattern: &str, all: bool) -> Self {
        let world = World::with(doctor::Limits { room_octets: 0, ..doctor::Limits::default() });
        let this = Self { world, folder: tempfile::tempdir().unwrap() };
        this.set(pattern, all);
        this
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    fn settings(&self, pattern: &str, all: bool) -> FileSettings {
        FileSettings {
            active: true,
            folder: self.root().to_str().unwrap().to_owned(),
            pattern: pattern.to_owned(),
            all,
            ..FileSettings::default()
        }
    }

    fn set(&self, pattern: &str, all: bool) {
        self.world.engine.set_attachment_files(self.settings(pattern, all), event()).unwrap().unwrap();
    }

    /// Everything that waits is done.
    fn settle(&self) {
        self.world.engine.catch_up().unwrap();
        wait(|| {
            self.world.engine.write_attachment_files().unwrap();
            let counts = self.counts();
            (counts.waiting == 0 && !counts.backfill).then_some(())
        });
    }

    fn counts(&self) -> FileCounts {
        self.world.store().file_counts().unwrap()
    }

    fn import(&self, name: &str, attachments: &[(&str, &[u8])]) -> MailId {
        let id = import(&self.world, name, &mail(name, attachments));
        self.settle();
        id
    }

    /// All files below, without what is only there for a moment.
    fn files(&self) -> Vec<String> {
        fn below(dir: &Path, root: &Path, found: &mut Vec<String>) {
            for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
                let path = entry.path();
                if entry.file_type().unwrap().is_dir() {
                    below(&path, root, found);
                } else {
                    found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        let mut found = Vec::new();
        below(&self.root(), &self.root(), &mut found);
        found.sort();
        found
    }

    fn erase(&self, mail: MailId) -> pipeline::Erased {
        let request = ErasureRequest {
            mails: vec![mail],
            basis: Basis::Objection,
            note: String::new(),
            actor: "tom".to_owned(),
        };
        let erased = self.world.engine.erase(request).unwrap();
        assert_eq!(erased.done, 1, "{erased:?}");
        erased
    }

    fn release(&self, mail: MailId, on: bool) {
        let release =
            on.then(|| store::Release { at: now(), by: "tom".to_owned(), reason: "known".to_owned() });
        assert!(self.world.store().release_part(mail, "2".to_owned(), release).unwrap());
        self.world.engine.examinations_changed();
        self.settle();
    }
}

#[test]
fn attachments_become_files_and_go_with_their_mail() {
    let tree = Tree::new("{year}/{month}/{domain}/{name}", false);
    let id = tree.import("offer", &[("Angebot 7.pdf", PDF), ("../../notes.txt", b"text")]);
    assert_eq!(tree.files(), ["2026/03/example.org/Angebot 7.pdf", "2026/03/example.org/_.._notes.txt"]);
    let path = tree.root().join("2026/03/example.org/Angebot 7.pdf");
    assert_eq!(fs::read(&path).unwrap(), PDF);
    let about = fs::metadata(&path).unwrap();
    assert_eq!(about.permissions().mode() & 0o111, 0, "nothing can be run");
    let modified = about.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(modified, 1_772_442_000, "the date of the mail");
    assert_eq!((tree.counts().written, tree.counts().held), (2, 0));
    // What a user deletes is hidden, not gone.
    let erased = tree.erase(id);
    assert_eq!(erased.files, []);
    assert_eq!(tree.files(), [""; 0]);
    assert!(!tree.root().join("2026").exists(), "empty folders go too");
    assert_eq!(tree.counts(), FileCounts::default());
}

#[test]
fn held_attachments_are_no_files() {
    let tree = Tree::new("{name}", false);
    let program = [b"MZ".as_slice(), &[0; 100]].concat();
    let id = tree.import("program", &[("setup.exe", &program)]);
    assert_eq!((tree.files(), tree.counts().held), (vec![], 1));
    tree.release(id, true);
    assert_eq!((tree.files(), tree.counts().written), (vec!["setup.exe".to_owned()], 1));
    tree.release(id, false);
    assert_eq!((tree.files(), tree.counts().held), (vec![], 1), "held again, the file goes");
    tree.release(id, true);
    fs::write(tree.root().join("setup.exe"), "changed").unwrap();
    tree.release(id, false);
    assert_eq!(tree.files(), ["setup.exe"], "what people changed is theirs");
    assert_eq!(tree.counts().changed, 1);
}

#[test]
fn what_people_do_to_files_is_theirs() {
    let tree = Tree::new("{name}", false);
    let first = tree.import("first", &[("a.pdf", PDF)]);
    let second = tree.import("second", &[("b.pdf", b"%PDF-1.4 b")]);
    fs::remove_file(tree.root().join("a.pdf")).unwrap();
    fs::write(tree.root().join("b.pdf"), "notes").unwrap();
    tree.set("{name}", false);
    tree.settle();
    assert_eq!(tree.files(), ["b.pdf"], "a deleted file is not written again");
    tree.world.engine.write_missing_files().unwrap();
    tree.settle();
    assert_eq!(tree.files(), ["a.pdf", "b.pdf"], "unless somebody asks for it");
    assert_eq!(fs::read_to_string(tree.root().join("b.pdf")).unwrap(), "notes");
    let erased = tree.erase(second);
    let left = &erased.files[0];
    assert_eq!((left.path.as_str(), &left.error), (tree.root().join("b.pdf").to_str().unwrap(), &None));
    tree.erase(first);
    assert_eq!(tree.files(), ["b.pdf"]);
}

#[test]
fn the_same_name_is_one_file_or_gets_a_number() {
    let tree = Tree::new("{name}", false);
    fs::write(tree.root().join("foreign.pdf"), "of somebody else").unwrap();
    fs::create_dir(tree.root().join("folder.pdf")).unwrap();
    let first = tree.import("first", &[("a.pdf", PDF), ("foreign.pdf", PDF), ("folder.pdf", PDF)]);
    let second = tree.import("second", &[("a.pdf", PDF), ("A.PDF", b"%PDF-1.4 other")]);
    let expected = ["A (2).PDF", "a.pdf", "folder (2).pdf", "foreign (2).pdf", "foreign.pdf"];
    assert_eq!(tree.files(), expected);
    assert_eq!(fs::read_to_string(tree.root().join("foreign.pdf")).unwrap(), "of somebody else");
    tree.erase(first);
    assert_eq!(tree.files(), ["A (2).PDF", "a.pdf", "foreign.pdf"], "the second mail still has it");
    tree.erase(second);
    assert_eq!(tree.files(), ["foreign.pdf"]);
}

#[test]
fn links_lead_nowhere() {
    let tree = Tree::new("{domain}/{name}", false);
    let outside = tree.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("precious.pdf"), PDF).unwrap();
    symlink(&outside, tree.root().join("example.org")).unwrap();
    let id = import(&tree.world, "first", &mail("first", &[("a.pdf", PDF)]));
    tree.world.engine.catch_up().unwrap();
    wait(|| (tree.counts().failed == 1).then_some(()));
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1, "nothing is written through a link");
    // A link in place of a written file is not what was written: it stays, and so does what it leads to.
    fs::remove_file(tree.root().join("example.org")).unwrap();
    tree.world.engine.write_missing_files().unwrap();
    tree.settle();
    assert_eq!(tree.files(), ["example.org/a.pdf"]);
    fs::remove_file(tree.root().join("example.org/a.pdf")).unwrap();
    symlink(outside.join("precious.pdf"), tree.root().join("example.org/a.pdf")).unwrap();
    assert_eq!(tree.erase(id).files.len(), 1);
    assert!(outside.join("precious.pdf").exists());
}

#[test]
fn a_folder_that_takes_nothing_is_caught_up_with() {
    let tree = Tree::new("{name}", false);
    let beside = tree.root().join(".poststelle");
    // As it is where nothing is mounted.
    fs::remove_dir(&beside).unwrap();
    let id = import(&tree.world, "first", &mail("first", &[("a.pdf", PDF)]));
    tree.world.engine.catch_up().unwrap();
    wait(|| {
        assert!(tree.files().is_empty());
        let folders = tree.world.store().attachment_folders().unwrap();
        folders[0].last_error.as_ref().filter(|(text, _)| text.starts_with("missing: ")).map(|_| ())
    });
    assert_eq!(tree.counts().waiting, 1, "nothing is lost");
    fs::create_dir(&beside).unwrap();
    tree.settle();
    assert_eq!(tree.files(), ["a.pdf"]);
    assert_eq!(tree.world.store().attachment_folders().unwrap()[0].last_error, None);
    // A file of an erased mail that cannot be removed now is named, and goes later.
    fs::remove_dir(&beside).unwrap();
    let erased = tree.erase(id);
    assert!(erased.files[0].error.as_ref().unwrap().starts_with("missing: "), "{erased:?}");
    assert_eq!(tree.counts().to_remove, 1);
    assert!(!tree.world.engine.write_attachment_files().unwrap());
    fs::create_dir(&beside).unwrap();
    assert!(tree.world.engine.write_attachment_files().unwrap());
    assert_eq!((tree.files(), tree.counts().to_remove), (vec![], 0));
}

#[test]
fn what_a_crash_left_is_taken_up() {
    let tree = Tree::new("{name}", false);
    let id = tree.import("first", &[("a.pdf", PDF)]);
    let seq = tree.world.store().mail_octets(&Scope::All, id).unwrap().unwrap().seq;
    let mut row = tree.world.store().mail_files(seq).unwrap().unwrap().files.remove(0);
    let Tree { world, folder } = tree;
    // Killed between the place and the note of it, with another file half written beside.
    row.state = FileState::Writing;
    world.store().put_file(row).unwrap();
    let half = folder.path().join("files/.poststelle/half");
    let world = world.close_and_open(|| fs::write(&half, "ha").unwrap());
    wait(|| (!half.exists()).then_some(()));
    let tree = Tree { world, folder };
    tree.world.engine.write_missing_files().unwrap();
    tree.settle();
    assert_eq!((tree.files(), tree.counts().written), (vec!["a.pdf".to_owned()], 1));
    tree.erase(id);
    assert_eq!(tree.files(), [""; 0]);
}

#[test]
fn mails_that_came_before_count_if_wanted() {
    let world = World::with(doctor::Limits { room_octets: 0, ..doctor::Limits::default() });
    let tree = Tree { world, folder: tempfile::tempdir().unwrap() };
    for n in 0..5 {
        import(&tree.world, &format!("mail {n}"), &mail(&format!("mail {n}"), &[(&format!("{n}.pdf"), PDF)]));
    }
    tree.world.engine.catch_up().unwrap();
    tree.set("{name}", false);
    tree.settle();
    assert_eq!(tree.files(), [""; 0]);
    tree.import("new", &[("new.pdf", PDF)]);
    assert_eq!(tree.files(), ["new.pdf"]);
    tree.set("{year}/{name}", true);
    tree.settle();
    assert_eq!(
        tree.files(),
        ["2026/0.pdf", "2026/1.pdf", "2026/2.pdf", "2026/3.pdf", "2026/4.pdf", "new.pdf"]
    );
    // Switched off, nothing is written any more, and what is held still goes.
    let off = FileSettings { active: false, ..tree.settings("{name}", true) };
    tree.world.engine.set_attachment_files(off, event()).unwrap().unwrap();
    tree.import("later", &[("later.pdf", PDF)]);
    assert_eq!(tree.files().len(), 6);
}

#[test]
fn only_what_is_chosen() {
    let tree = Tree::new("{type}/{account}/{ending}/{name}", false);
    let settings = FileSettings {
        kinds: vec!["pdf".to_owned()],
        octets_min: 10,
        words: [("pdf".to_owned(), "PDF-Dateien".to_owned())].into(),
        ..tree.settings("{type}/{account}/{ending}/{name}", false)
    };
    tree.world.engine.set_attachment_files(settings.clone(), event()).unwrap().unwrap();
    let examples = tree.world.engine.attachment_file_examples(&Scope::All, &settings, 5).unwrap();
    assert_eq!(examples, []);
    tree.import("mixed", &[("a.pdf", PDF), ("b.pdf", b"%PDF"), ("c.txt", b"a longer text")]);
    assert_eq!(tree.files(), ["PDF-Dateien/files/pdf/a.pdf"]);
    let examples = tree.world.engine.attachment_file_examples(&Scope::All, &settings, 5).unwrap();
    assert_eq!(examples[0].path, "PDF-Dateien/files/pdf/a.pdf");
    let nobody = Scope::accounts(Vec::new());
    assert_eq!(tree.world.engine.attachment_file_examples(&nobody, &settings, 5).unwrap(), []);
}

#[test]
fn folders_that_cannot_be_used() {
    let tree = Tree::new("{name}", false);
    let data = tree.world.data();
    let check = |folder: &str| {
        let settings = FileSettings { folder: folder.to_owned(), ..tree.settings("{name}", false) };
        tree.world.engine.check_attachment_files(settings).unwrap()
    };
    for inside in [data.clone(), data.join("archive/x"), data.parent().unwrap().to_owned(), "/".into()] {
        let refused = check(inside.to_str().unwrap());
        assert!(matches!(refused, Err(FileSettingsError::DataDirectory)), "{inside:?} {refused:?}");
    }
    let link = tree.folder.path().join("link");
    symlink(&data, &link).unwrap();
    assert!(matches!(check(link.join("x").to_str().unwrap()), Err(FileSettingsError::DataDirectory)));
    for bad in ["", "../x", "/tmp/../x", "a\nb"] {
        assert!(matches!(check(bad), Err(FileSettingsError::Path)), "{bad:?}");
    }
    let beside = check("attachments").unwrap().folder;
    assert_eq!(Path::new(&beside), fs::canonicalize(&data).unwrap().parent().unwrap().join("attachments"));
    let settings = FileSettings { folder: "/dev/null/x".to_owned(), ..tree.settings("{name}", false) };
    let refused = tree.world.engine.set_attachment_files(settings, event()).unwrap();
    assert!(matches!(refused, Err(FileSettingsError::Folder(_))), "{refused:?}");
}
