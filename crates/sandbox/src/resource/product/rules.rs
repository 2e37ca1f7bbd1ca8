//! What a product may be made of, beside its prices.

use serde_json::Value;

use super::AttachedField;
use crate::billing::{Cycle, Interval};
use crate::failure::{Failure, Flaw};
use crate::resource::custom_field;
use crate::resource::file::{File, Service};
use crate::resource::organization::Organization;
use crate::world::{Id, World};

/// An interval and its count, both or neither. `name` is the fields' prefix.
pub(crate) fn pair(
    name: &str,
    interval: Option<Interval>,
    count: Option<i64>,
) -> Result<Option<Cycle>, Failure> {
    let missing = |field: String| {
        let flaw = Flaw::body(
            "missing",
            [Value::from(field)],
            "Field required",
            Value::Null,
        );
        Err(Failure::refused(flaw))
    };
    match (interval, count) {
        (Some(interval), Some(count)) => Ok(Some(Cycle { interval, count })),
        (None, None) => Ok(None),
        (Some(_), None) => missing(format!("{name}_interval_count")),
        (None, Some(_)) => missing(format!("{name}_interval")),
    }
}

/// Usage may be billed more often than the subscription where the organization has that.
pub(super) fn meter_cycle(
    world: &World,
    organization: Id<Organization>,
    cycle: Option<Cycle>,
) -> Option<Flaw> {
    let enabled = world
        .organizations
        .find(organization)
        .is_some_and(|row| row.features.meter_cycling_enabled);
    let message = "Separate meter cycling is not enabled for this organization.";
    let wanted = cycle.filter(|_| !enabled)?;
    Some(Flaw::field(
        "meter_interval",
        message,
        wanted.interval.word(),
    ))
}

/// Refuses pictures that are none, or not the organization's, or not there yet.
pub(super) fn medias(
    world: &World,
    organization: Id<Organization>,
    files: &[Id<File>],
) -> Vec<Flaw> {
    let is_picture = |id: Id<File>| {
        world.files.find(id).is_some_and(|file| {
            file.organization == organization
                && file.service == Service::ProductMedia
                && file.is_live()
        })
    };
    let message = "File does not exist or is not yet uploaded.";
    let listed = files.iter().enumerate();
    listed
        .filter(|(_, id)| !is_picture(**id))
        .map(|(index, id)| {
            let place = ["medias".into(), index.into()];
            Flaw::body("value_error", place, message, id.to_string())
        })
        .collect()
}

/// Refuses questions that the organization does not have.
pub(super) fn custom_fields(
    world: &World,
    organization: Id<Organization>,
    attached: &[AttachedField],
) -> Vec<Flaw> {
    let unknown = |field: &AttachedField| {
        custom_field::live(world, field).is_none_or(|row| row.organization != organization)
    };
    let flaw = |(index, field): (usize, &AttachedField)| {
        let place = ["attached_custom_fields".into(), index.into()];
        let input = field.custom_field_id.to_string();
        Flaw::body("value_error", place, "Custom field does not exist.", input)
    };
    let listed = attached.iter().enumerate();
    listed
        .filter(|(_, field)| unknown(field))
        .map(flaw)
        .collect()
}

/// Nothing, or all that is wrong at once.
pub(crate) fn all_fine(flaws: Vec<Flaw>) -> Result<(), Failure> {
    if flaws.is_empty() {
        Ok(())
    } else {
        Err(Failure::Refused(flaws))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_trial_is_refused_at_the_missing_half() {
        let failure = pair("trial", Some(Interval::Day), None).unwrap_err();
        let Failure::Refused(flaws) = failure else {
            panic!("{failure:?}")
        };
        assert_eq!(flaws[0].at, ["body", "trial_interval_count"]);
        assert_eq!(flaws[0].kind, "missing");
    }
}
