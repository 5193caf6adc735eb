//! `poststelle export`: mails of a query as files.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use ::export::{Folder, Format, Writer};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::{Period, Scope, UnixMillis};
use pipeline::{Asked, Engine, ExportOf, ExportWish, Person};
use serde_json::json;

use crate::cli;
use crate::config::Config;
use crate::control::Streams;
use crate::failure::Failure;
use crate::lang::Lang;

/// Writes the files; nothing is left behind if that fails, and nothing that is there is replaced.
pub fn run(
    engine: &Engine,
    args: &cli::Export,
    config: &Config,
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    engine.catch_up()?;
    let zone = super::zone(config)?;
    let (of, wish) = wish(args, &zone);
    approved(engine, args, &of, &wish)?;
    // A handover is one file like the others.
    let is_handover = wish.format == "z3";
    let format = Format::named(&args.format).unwrap_or(if is_handover { Format::Zip } else { Format::Eml });
    let out = Target::new(&streams.directory.join(&args.out), format)?;
    let written = if is_handover {
        let organisation = engine.store().setting(server::ORGANISATION)?.unwrap_or_default();
        file(&out.unfinished).map_err(|error| out.failed(&error)).and_then(|file| {
            Ok(engine.hand_over(&Scope::All, &of, server::supplier(organisation, &wish), file)?)
        })
    } else {
        writer(&out.unfinished, format)
            .map_err(|error| out.failed(&error))
            .and_then(|writer| Ok(engine.export(&Scope::All, &of, format.has_octets(), writer)?))
    };
    let done = match written {
        Ok(done) => done,
        Err(failure) => {
            out.discard();
            return Err(failure);
        }
    };
    out.finish()?;
    if args.json {
        let answer = json!({ "mails": done.mails, "octets": done.octets, "out": args.out });
        writeln!(streams.out, "{answer}")?;
        return Ok(0);
    }
    let out = args.out.display();
    writeln!(streams.err, "{}", lang.text("export-done", &[("mails", &done.mails), ("out", &out)]))?;
    Ok(0)
}

/// What is asked for; days are those of the zone.
fn wish(args: &cli::Export, zone: &TimeZone) -> (ExportOf, ExportWish) {
    let begin = |day: Date| {
        let at = day.to_zoned(zone.clone()).ok()?;
        Some(UnixMillis(at.timestamp().as_millisecond()))
    };
    let period = Period {
        from: args.from.and_then(begin),
        until: args.until.and_then(|day| begin(day.tomorrow().ok()?)),
    };
    let shown = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    let days = if period.is_bounded() {
        format!("{}/{}", shown(args.from), shown(args.until))
    } else {
        String::new()
    };
    let asked = Asked { query: args.query.clone(), zone: zone.clone(), ..Asked::default() };
    let wish = ExportWish { query: args.query.clone(), format: args.format.clone(), days };
    (ExportOf { asked, held_too: true, period }, wish)
}

/// Refuses what needs a second person and has none; asks for it, if a reason is given.
fn approved(engine: &Engine, args: &cli::Export, of: &ExportOf, wish: &ExportWish) -> Result<(), Failure> {
    let person = Person::command_line();
    if let Some(id) = args.approval {
        return Ok(engine.approved_export(id, &person, wish)?);
    }
    let (mails, needs_approval) = engine.export_size(&Scope::All, of)?;
    if !needs_approval {
        return Ok(());
    }
    if args.note.trim().is_empty() {
        return Err(Failure::new("export-needs-approval").with("mails", mails));
    }
    let id = engine.ask_export(wish, mails, &args.note, person)?;
    Err(Failure::new("export-asked").with("mails", mails).with("id", id))
}

fn writer(at: &Path, format: Format) -> io::Result<Box<dyn Writer>> {
    if format == Format::Eml {
        return Ok(Box::new(Folder::new(at)?));
    }
    ::export::writer(format, file(at)?)
}

fn file(at: &Path) -> io::Result<BufWriter<File>> {
    Ok(BufWriter::with_capacity(1 << 18, File::create_new(at)?))
}

/// Where an export goes: written beside its place, and put there when it is whole.
struct Target {
    at: PathBuf,
    unfinished: PathBuf,
    is_folder: bool,
}

impl Target {
    fn new(at: &Path, format: Format) -> Result<Self, Failure> {
        let is_folder = format == Format::Eml;
        let is_free = match fs::symlink_metadata(at) {
            Err(error) => error.kind() == io::ErrorKind::NotFound,
            Ok(about) => {
                is_folder && about.is_dir() && fs::read_dir(at).is_ok_and(|mut list| list.next().is_none())
            }
        };
        if !is_free {
            return Err(Failure::new("export-exists").with("out", at.display()));
        }
        let mut name = at.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let target = Self { at: at.to_owned(), unfinished: at.with_file_name(name), is_folder };
        if is_folder {
            fs::create_dir(&target.unfinished).map_err(|error| target.failed(&error))?;
        }
        Ok(target)
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::new("export-failed").with("out", self.at.display()).with("reason", error)
    }

    fn finish(&self) -> Result<(), Failure> {
        let file = File::open(&self.unfinished).and_then(|file| file.sync_all());
        file.and_then(|()| fs::rename(&self.unfinished, &self.at)).map_err(|error| {
            self.discard();
            self.failed(&error)
        })
    }

    fn discard(&self) {
        let _ = if self.is_folder {
            fs::remove_dir_all(&self.unfinished)
        } else {
            fs::remove_file(&self.unfinished)
        };
    }
}
