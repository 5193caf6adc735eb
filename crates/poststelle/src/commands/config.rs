//! `poststelle config`.

use std::io::Write;

use crate::cli::{ConfigAction, ConfigCommand};
use crate::config::{Config, settings_file};
use crate::failure::Failure;

/// Shows each setting, its value and where that comes from. Passwords in addresses are not shown.
pub fn run(args: &ConfigCommand, config: &Config, out: &mut dyn Write) -> Result<i32, Failure> {
    if matches!(args.action, ConfigAction::Defaults) {
        out.write_all(settings_file().as_bytes())?;
        return Ok(0);
    }
    if let Some(file) = &config.file {
        writeln!(out, "# {}", file.display())?;
    }
    for (name, value, origin) in config.all() {
        writeln!(out, "{name} = {:?}  # {}", without_password(value), origin.as_str())?;
    }
    Ok(0)
}

/// `scheme://user:password@host` with the password replaced.
fn without_password(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return value.to_owned() };
    let Some((login, host)) = rest.rsplit_once('@') else { return value.to_owned() };
    match login.split_once(':') {
        Some((user, _)) => format!("{scheme}://{user}:[secret]@{host}"),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(without_password("postgresql://u:p@h/d"), "postgresql://u:[secret]@h/d");
        assert_eq!(without_password("postgresql://h/d"), "postgresql://h/d");
        assert_eq!(without_password("info"), "info");
    }
}
