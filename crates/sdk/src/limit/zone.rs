//! Which requests Polar counts together: one table, from the facts.

use std::time::Duration;

use super::{Limits, Rate};

/// Requests that are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Zone {
    /// Everything without a zone of its own.
    General,
    /// The licence routes that are open to everybody. Exceeded, they are closed for 60 s.
    Licences,
    /// A buyer's last step. Exceeded, it is refused for half an hour.
    Confirmation,
    /// A customer's new e-mail address. Exceeded, it is refused for a quarter of an hour.
    EmailChange,
}

const HOUR: Duration = Duration::from_hours(1);
const LICENCES: &[Rate] = &[Rate::per_second(3)];
const CONFIRMATION: &[Rate] = &[Rate::per_minute(6), Rate::over(20, HOUR)];
const EMAIL_CHANGE: &[Rate] = &[Rate::per_minute(6), Rate::over(12, HOUR)];

/// Routes by how they begin and end. As at Polar, the first that fits counts, and no other.
#[rustfmt::skip]
const ROUTES: [(&str, &str, Zone, &[Rate]); 5] = [
    ("/v1/customer-portal/license-keys/validate",          "",         Zone::Licences,     LICENCES),
    ("/v1/customer-portal/license-keys/activate",          "",         Zone::Licences,     LICENCES),
    ("/v1/customer-portal/license-keys/deactivate",        "",         Zone::Licences,     LICENCES),
    ("/v1/customer-portal/customers/me/email-update/",     "",         Zone::EmailChange,  EMAIL_CHANGE),
    ("/v1/checkouts/",                                     "/confirm", Zone::Confirmation, CONFIRMATION),
];

impl Zone {
    /// Where a path is counted, and at which rates; nowhere, if it is not limited.
    pub(super) fn of(path: &str, limits: &Limits) -> Option<(Self, Vec<Rate>)> {
        let own = ROUTES
            .iter()
            .find(|(begin, end, ..)| path.starts_with(begin) && path.ends_with(end));
        match own {
            Some((.., zone, rates)) => limits.special.then(|| (*zone, rates.to_vec())),
            None if path.starts_with("/v1/") => {
                limits.general.map(|rate| (Self::General, vec![rate]))
            }
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_counted_where_polar_counts_them() {
        let table = [
            (
                "/v1/customer-portal/license-keys/validate",
                Some(Zone::Licences),
            ),
            (
                "/v1/customer-portal/license-keys/activate",
                Some(Zone::Licences),
            ),
            (
                "/v1/customer-portal/license-keys/deactivate",
                Some(Zone::Licences),
            ),
            ("/v1/license-keys/validate", Some(Zone::General)),
            ("/v1/customer-portal/license-keys/", Some(Zone::General)),
            (
                "/v1/checkouts/client/polar_c_x/confirm",
                Some(Zone::Confirmation),
            ),
            ("/v1/checkouts/client/polar_c_x", Some(Zone::General)),
            (
                "/v1/customer-portal/customers/me/email-update/verify",
                Some(Zone::EmailChange),
            ),
            ("/v1/orders/", Some(Zone::General)),
            ("/healthz", None),
        ];
        for (path, expected) in table {
            let zone = Zone::of(path, &Limits::sandbox()).map(|(zone, _)| zone);
            assert_eq!(zone, expected, "{path}");
            assert_eq!(Zone::of(path, &Limits::none()), None, "{path}");
        }
    }
}
