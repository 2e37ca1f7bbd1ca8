//! `POLARKIT_PRODUCTS`: the products there are to sell, and what each is called in which environment.

use std::fmt;

use uuid::Uuid;

use super::Server;

/// Names told in an error; more are left out.
const NAMES_TOLD_MAX: usize = 20;

/// Where a product exists: Polar's environments share none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// Polar's own test service.
    Sandbox,
    /// The real Polar.
    Production,
    /// A server of one's own, such as `polarkit sandbox`.
    Local,
}

impl Environment {
    /// The environment of a name in `POLARKIT_PRODUCTS`.
    fn parse(word: &str) -> Option<Self> {
        match word {
            "sandbox" => Some(Self::Sandbox),
            "production" => Some(Self::Production),
            "local" => Some(Self::Local),
            _ => None,
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sandbox => "sandbox",
            Self::Production => "production",
            Self::Local => "local",
        })
    }
}

impl From<&Server> for Environment {
    fn from(server: &Server) -> Self {
        match server {
            Server::Sandbox => Self::Sandbox,
            Server::Production => Self::Production,
            Server::At(_) => Self::Local,
        }
    }
}

/// A product that configuration lists: `ID`, `name=ID`, `name@environment=ID`, `@environment=ID`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// What callers may call it instead of its id.
    pub name: Option<String>,
    /// Where it means this; everywhere when not told, unless another line says otherwise.
    pub environment: Option<Environment>,
    /// Polar's id of it.
    pub id: Uuid,
}

impl Product {
    /// Reads one item of the list; the error says what is wrong with it, never the item itself.
    pub(super) fn parse(item: &str) -> Result<Self, &'static str> {
        let (label, id) = item.split_once('=').unwrap_or(("", item));
        let (name, environment) = match label.split_once('@') {
            Some((name, word)) => {
                let environment = Environment::parse(word.trim());
                (name, Some(environment.ok_or("names no environment")?))
            }
            None => (label, None),
        };
        let name = Some(name.trim()).filter(|name| !name.is_empty());
        if name.is_some_and(|name| name.parse::<Uuid>().is_ok()) {
            return Err("gives a product an id for a name");
        }
        Ok(Self {
            name: name.map(str::to_owned),
            environment,
            id: id
                .trim()
                .parse()
                .map_err(|_malformed| "holds something that is not a product id")?,
        })
    }
}

/// All that is listed, seen from the environment this gateway works in.
#[derive(Debug, Clone)]
pub struct Products {
    here: Environment,
    listed: Vec<Product>,
}

/// Why what a caller asked for is no product here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoProduct {
    /// Neither an id nor a name.
    #[error(
        "neither an id of Polar's nor a name in POLARKIT_PRODUCTS, which for {here} has {names}"
    )]
    Unknown { here: Environment, names: String },
    /// A name of other environments.
    #[error("POLARKIT_PRODUCTS names this for {there} alone; for {here} it has {names}")]
    NameElsewhere {
        here: Environment,
        there: String,
        names: String,
    },
    /// An id of other environments.
    #[error("POLARKIT_PRODUCTS lists this id for {there}, and this gateway sells on {here}")]
    IdElsewhere { here: Environment, there: String },
}

impl Products {
    /// One line must not contradict another: a name means one product in each environment.
    pub(super) fn new(here: Environment, listed: Vec<Product>) -> Result<Self, &'static str> {
        let twice = |(at, one): (usize, &Product)| {
            one.name.is_some()
                && listed
                    .iter()
                    .take(at)
                    .any(|other| other.name == one.name && other.environment == one.environment)
        };
        if listed.iter().enumerate().any(twice) {
            return Err("gives one name to two products");
        }
        Ok(Self { here, listed })
    }

    /// A list that lists nothing.
    pub(super) fn nothing(here: Environment) -> Self {
        let listed = Vec::new();
        Self { here, listed }
    }

    /// Which Polar this gateway sells on.
    pub fn environment(&self) -> Environment {
        self.here
    }

    /// Polar's id of what a caller asks for, by its id or by its name here.
    pub(crate) fn find(&self, asked: &str) -> Result<Uuid, NoProduct> {
        let here = self.here;
        if let Ok(id) = asked.parse() {
            let there = self.elsewhere(|one| one.id == id);
            if there.is_empty() || self.in_force().any(|one| one.id == id) {
                return Ok(id);
            }
            return Err(NoProduct::IdElsewhere { here, there });
        }
        let named = |one: &&Product| one.name.as_deref() == Some(asked);
        if let Some(found) = self.in_force().find(named) {
            return Ok(found.id);
        }
        let (there, names) = (self.elsewhere(|one| named(&one)), self.names());
        Err(if there.is_empty() {
            NoProduct::Unknown { here, names }
        } else {
            NoProduct::NameElsewhere { here, there, names }
        })
    }

    /// Whether a user's own token may buy it: anything when nothing is listed at all, else what is
    /// listed for this environment.
    pub(crate) fn is_for_sale(&self, id: Uuid) -> bool {
        self.listed.is_empty() || self.in_force().any(|one| one.id == id)
    }

    /// What holds here: lines for this environment, and lines for all that none of them overrules.
    fn in_force(&self) -> impl Iterator<Item = &Product> {
        let here = Some(self.here);
        let overruled = move |one: &Product| {
            one.name.is_some()
                && self
                    .listed
                    .iter()
                    .any(|other| other.environment == here && other.name == one.name)
        };
        self.listed.iter().filter(move |one| {
            one.environment == here || (one.environment.is_none() && !overruled(one))
        })
    }

    /// The other environments that have such a product.
    fn elsewhere(&self, such: impl Fn(&Product) -> bool) -> String {
        let there = self.listed.iter().filter(|one| such(one));
        let mut words: Vec<String> = there
            .filter_map(|one| one.environment)
            .filter(|there| *there != self.here)
            .map(|there| there.to_string())
            .collect();
        words.sort_unstable();
        words.dedup();
        words.join(", ")
    }

    fn names(&self) -> String {
        let names = self.in_force().filter_map(|one| one.name.as_deref());
        let told: Vec<&str> = names.take(NAMES_TOLD_MAX).collect();
        if told.is_empty() {
            return "none".to_owned();
        }
        told.join(", ")
    }
}
