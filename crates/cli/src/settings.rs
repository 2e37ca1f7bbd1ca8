//! Where settings come from: a flag wins over the environment, the environment over `.env`, `.env` over the file.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use polarkit_gateway::config::VARIABLES;

use crate::args::General;
use crate::failure::Failure;

/// Read when it stands in the working directory and no other file was named.
const FILE: &str = "polarkit.toml";

/// Settings by the name of their variable, whatever source each came from.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    values: BTreeMap<String, String>,
    /// What `--log-level` said. It may be a filter, which the variable may not.
    filter: Option<String>,
}

impl Settings {
    /// All sources in one.
    pub(crate) fn read(general: &General) -> Result<Self, Failure> {
        let mut settings = Self::default();
        settings.take(file(general.config.as_ref())?);
        settings.take(dot_env(Path::new(".env"))?);
        settings.take(std::env::vars());
        settings.filter.clone_from(&general.log_level);
        Ok(settings)
    }

    /// A flag that was given wins over every other source.
    pub(crate) fn flag(&mut self, name: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.values.insert(name.to_owned(), value.clone());
        }
    }

    /// Everything, by the names of the variables.
    pub(crate) fn into_values(self) -> BTreeMap<String, String> {
        self.values
    }

    /// The level asked for: by flag, by `LOG_LEVEL`, or `debug` when `DEBUG` is on.
    pub(crate) fn log_level(&self) -> Option<String> {
        let debug = matches!(
            self.get("DEBUG").map(str::to_lowercase).as_deref(),
            Some("1" | "true" | "yes" | "on")
        );
        match self.filter.as_deref().or_else(|| self.get("LOG_LEVEL")) {
            // The words of Python's logging, which the guide's users have in their settings.
            Some(level) => Some(match level.to_lowercase().as_str() {
                "warning" => "warn".to_owned(),
                "critical" => "error".to_owned(),
                other => other.to_owned(),
            }),
            None => debug.then(|| "debug".to_owned()),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    fn take(&mut self, pairs: impl IntoIterator<Item = (String, String)>) {
        self.values.extend(pairs);
    }
}

fn dot_env(path: &Path) -> Result<Vec<(String, String)>, Failure> {
    let pairs = match dotenvy::from_path_iter(path) {
        Ok(pairs) => pairs.collect::<Result<_, _>>(),
        Err(dotenvy::Error::Io(error)) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    };
    pairs.map_err(|error| match error {
        // Its own text shows the line, which may hold a secret.
        dotenvy::Error::LineParse(..) => {
            Failure::configuration(anyhow!("a line of {} is not NAME=VALUE", path.display()))
                .hint("quote values that hold spaces, # or $")
        }
        error => {
            let cause =
                anyhow::Error::new(error).context(format!("cannot read {}", path.display()));
            Failure::configuration(cause)
        }
    })
}

/// The settings file: `polar_server = "sandbox"` stands for `POLAR_SERVER`.
fn file(named: Option<&PathBuf>) -> Result<Vec<(String, String)>, Failure> {
    let path = named.map_or(Path::new(FILE), PathBuf::as_path);
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => {
            return Ok(Vec::new());
        }
        Err(error) => {
            let cause =
                anyhow::Error::new(error).context(format!("cannot read {}", path.display()));
            return Err(Failure::configuration(cause));
        }
    };
    parse(&text)
        .with_context(|| format!("{} is not a settings file", path.display()))
        .map_err(|cause| {
            Failure::configuration(cause)
                .hint("one setting a line, named like its variable in small letters: polar_server = \"sandbox\"")
        })
}

fn parse(text: &str) -> anyhow::Result<Vec<(String, String)>> {
    let table: toml::Table = text.parse()?;
    table
        .into_iter()
        .map(|(name, value)| {
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(yes) => yes.to_string(),
                toml::Value::Array(items) => list(&name, &items)?,
                other => anyhow::bail!("{name} is a {}, not a value", other.type_str()),
            };
            let variable = name.to_uppercase();
            anyhow::ensure!(
                VARIABLES.contains(&variable.as_str()),
                "there is no setting {name}"
            );
            Ok((variable, value))
        })
        .collect()
}

/// A list stands for its items with commas between, as in the environment.
fn list(name: &str, items: &[toml::Value]) -> anyhow::Result<String> {
    let texts: Option<Vec<_>> = items.iter().map(toml::Value::as_str).collect();
    let texts = texts.with_context(|| format!("{name} holds something that is not text"))?;
    Ok(texts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_settings_file_names_its_variables_in_small_letters() {
        let text = "polar_server = \"sandbox\"\ndebug = true\npolarkit_inbox_days = 7";
        let pairs = parse(text).unwrap();
        assert_eq!(
            pairs,
            [
                ("DEBUG", "true"),
                ("POLAR_SERVER", "sandbox"),
                ("POLARKIT_INBOX_DAYS", "7")
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn a_list_stands_for_its_items_and_a_table_is_refused_by_name() {
        let pairs = parse("polarkit_products = ['a', 'b']").unwrap();
        assert_eq!(pairs, [("POLARKIT_PRODUCTS".to_owned(), "a,b".to_owned())]);
        let error = parse("[polar_server]").unwrap_err();
        assert_eq!(error.to_string(), "polar_server is a table, not a value");
    }

    #[test]
    fn a_flag_wins_over_what_was_there() {
        let mut settings = Settings::default();
        settings.take([("POLAR_SERVER".to_owned(), "sandbox".to_owned())]);
        settings.flag("POLAR_SERVER", Some(&"production".to_owned()));
        assert_eq!(settings.get("POLAR_SERVER"), Some("production"));
    }

    #[test]
    fn debug_is_a_level_unless_one_was_named() {
        let mut settings = Settings::default();
        settings.take([("DEBUG".to_owned(), "True".to_owned())]);
        assert_eq!(settings.log_level().as_deref(), Some("debug"));
        settings.take([("LOG_LEVEL".to_owned(), "warn".to_owned())]);
        assert_eq!(settings.log_level().as_deref(), Some("warn"));
    }
}
