//! `poststelle export`: mails of a query as files.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use ::export::{Csv, Folder, Format, Mbox, Sql, Writer, Xlsx, Xml, Zip};
use model::Scope;
use pipeline::{Asked, Engine, ExportOf};
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
    let format = Format::named(&args.format).unwrap_or(Format::Eml);
    let asked = Asked { query: args.query.clone(), zone: super::zone(config)?, ..Asked::default() };
    let of = ExportOf { asked, held_too: true };
    let out = Target::new(&streams.directory.join(&args.out), format)?;
    let written = writer(&out.unfinished, format)
        .map_err(|error| out.failed(&error))
        .and_then(|writer| Ok(engine.export(&Scope::All, &of, format.has_octets(), writer, &mut |_| {})?));
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

fn writer(at: &Path, format: Format) -> io::Result<Box<dyn Writer>> {
    if format == Format::Eml {
        return Ok(Box::new(Folder::new(at)?));
    }
    let file = BufWriter::with_capacity(1 << 18, File::create_new(at)?);
    Ok(match format {
        Format::Zip => Box::new(Zip::new(file)?),
        Format::Mbox => Box::new(Mbox::new(file)),
        Format::Xlsx => Box::new(Xlsx::new(file)),
        Format::Xml => Box::new(Xml::new(file)?),
        Format::Sql => Box::new(Sql::new(file)?),
        Format::Csv | Format::Eml => Box::new(Csv::new(file)?),
    })
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
