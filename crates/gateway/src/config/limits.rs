//! What configuration says about how often who may call what.

use super::read::Reader;
use crate::limit::{Class, Limit, Who};

const NAME: &str = "POLARKIT_LIMITS";
const ANONYMOUS: &str = "POLARKIT_ANONYMOUS_PER_MINUTE";

/// What users may do unless told otherwise. Servers are trusted.
const USERS: [(Class, u32); 4] = [
    (Class::Read, 600),
    (Class::Write, 60),
    // A page asks once a second, for as long as a payment takes.
    (Class::Confirm, 60),
    (Class::License, 60),
];

/// `POLARKIT_LIMITS`: who has a limit where. At most one each.
#[derive(Debug, Clone)]
pub struct Limits(Vec<Limit>);

/// One item of the list; nothing for `off`.
struct Item {
    who: Who,
    class: Class,
    limit: Option<Limit>,
}

impl Limits {
    /// How often somebody may call there; `None` for as often as they like.
    pub(crate) fn of(&self, who: Who, class: Class) -> Option<&Limit> {
        let mut limits = self.0.iter();
        limits.find(|one| one.who == who && one.class == class)
    }

    /// Strangers are counted where they may do anything at all.
    pub(super) fn read(read: &mut Reader<'_>, open_licenses: bool) -> Self {
        const REMEDY: &str = "list limits such as user:write=60/60s or server:usage=off, separated \
             by commas: anonymous, user or server; read, write, confirm, usage, license or admin; \
             1 to 100000 calls in a time such as 10s, 5m or 1h, a day at most";
        let mut limits = Self::usual(read.number(ANONYMOUS, 60));
        let mut told = Vec::new();
        for text in read.list(NAME) {
            match item(&text) {
                Ok(item) => {
                    if told.contains(&(item.who, item.class)) {
                        read.fault(
                            NAME,
                            "limits the same callers of the same routes twice",
                            REMEDY,
                        );
                    }
                    told.push((item.who, item.class));
                    limits.set(&item);
                }
                Err(problem) => read.fault(NAME, problem, REMEDY),
            }
        }
        if told.contains(&(Who::Anonymous, Class::License)) && read.get(ANONYMOUS).is_some() {
            let remedy = "leave it out: POLARKIT_LIMITS says anonymous:license as well";
            read.fault(ANONYMOUS, "is said twice", remedy);
        }
        if !open_licenses {
            limits.0.retain(|one| one.who != Who::Anonymous);
        }
        limits
    }

    fn usual(anonymous_per_minute: u32) -> Self {
        let user = |(class, calls)| minute(Who::User, class, calls);
        let mut limits: Vec<Limit> = USERS.into_iter().map(user).collect();
        limits.push(minute(Who::Anonymous, Class::License, anonymous_per_minute));
        Self(limits)
    }

    fn set(&mut self, item: &Item) {
        self.0
            .retain(|one| (one.who, one.class) != (item.who, item.class));
        self.0.extend(item.limit);
    }
}

fn minute(who: Who, class: Class, calls: u32) -> Limit {
    Limit {
        who,
        class,
        calls: calls.min(Limit::CALLS_MAX),
        seconds: 60,
    }
}

/// `who:class=calls/time`, or `who:class=off`.
fn item(text: &str) -> Result<Item, &'static str> {
    let (what, much) = text
        .split_once('=')
        .ok_or("holds something that is no limit")?;
    let (who, class) = what
        .split_once(':')
        .ok_or("holds something that is no limit")?;
    let (who, class) = (who.trim(), class.trim());
    let who = Who::ALL.into_iter().find(|one| one.name() == who);
    let who = who.ok_or("limits callers of a kind that does not exist")?;
    let class = Class::ALL.into_iter().find(|one| one.name() == class);
    let class = class.ok_or("limits routes of a kind that does not exist")?;
    if who == Who::Anonymous && class != Class::License {
        return Err("limits strangers where they may do nothing: they reach licences only");
    }
    let limit = match much.trim() {
        "off" => None,
        much => Some(much_of(who, class, much).ok_or("holds a limit that is none")?),
    };
    Ok(Item { who, class, limit })
}

fn much_of(who: Who, class: Class, text: &str) -> Option<Limit> {
    let (calls, time) = text.split_once('/')?;
    let (calls, time) = (calls.trim().parse().ok()?, time.trim());
    let unit = time.chars().next_back()?;
    let count: u32 = time.strip_suffix(unit)?.parse().ok()?;
    let seconds = count.checked_mul(match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        _ => return None,
    })?;
    let fits =
        (1..=Limit::CALLS_MAX).contains(&calls) && (1..=Limit::SECONDS_MAX).contains(&seconds);
    fits.then_some(Limit {
        who,
        class,
        calls,
        seconds,
    })
}
