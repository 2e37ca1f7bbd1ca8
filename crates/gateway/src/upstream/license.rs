//! Licences at Polar, by either of its routes.

use http::StatusCode;
use polarkit::Error;
use polarkit_model::{LicenseKeyActivationBase, LicenseKeyActivationRead, ValidatedLicenseKey};
use uuid::Uuid;

use super::{Failure, Polar};
use crate::http::license::{Activate, Deactivate};
use crate::license::{Activation, Ask, Denial, License};

/// By which of Polar's routes something is asked about a licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// With the gateway's token; needs the scope `license_keys:write`.
    Own,
    /// Without any, as anybody may: three calls a second.
    Public,
}

/// Something that is asked about a licence.
pub(crate) trait LicenseCall {
    /// What comes of it.
    type Made: Send;

    /// The key it is about.
    fn license_key(&self) -> &str;

    /// The activation that ends by it.
    fn ends(&self) -> Option<Uuid> {
        None
    }

    /// Asks it.
    fn send(
        &self,
        polar: &Polar,
        route: Route,
    ) -> impl Future<Output = Result<Self::Made, Error>> + Send;
}

/// Makes one call by whichever of the two routes.
macro_rules! by {
    ($polar:expr, $route:expr, |$keys:ident| $call:expr) => {
        match $route {
            Route::Own => {
                let $keys = $polar.own.license_keys();
                $call.await
            }
            Route::Public => {
                let $keys = $polar.anonymous.customer_portal().license_keys();
                $call.await
            }
        }
    };
}

impl Polar {
    /// Asks something about a licence: what comes of it, or why Polar denies it.
    pub(crate) async fn license<C: LicenseCall>(
        &self,
        route: Route,
        call: &C,
    ) -> Result<Result<C::Made, Denial>, Failure> {
        let answer = call.send(self, route).await;
        self.listen(match route {
            Route::Own => &self.own,
            Route::Public => &self.anonymous,
        });
        match answer {
            Ok(made) => Ok(Ok(made)),
            Err(error) => match denial(&error) {
                Some(denial) => Ok(Err(denial)),
                None => Err(Failure::from_error(&error)),
            },
        }
    }
}

/// Why Polar denies it, when it does: what has no name is a proxy's word, and tells nothing.
fn denial(error: &Error) -> Option<Denial> {
    if let Error::Validation { fields, .. } = error {
        // What cannot be an id or a key is none of Polar's.
        let is_of = |name: &str| fields.iter().any(|field| field.path.ends_with(name));
        let none = is_of("activation_id").then_some(Denial::ActivationUnknown);
        return none.or_else(|| is_of(".key").then_some(Denial::Unknown));
    }
    let (Error::NotFound(refusal) | Error::NotPermitted(refusal) | Error::Refused(refusal)) = error
    else {
        return None;
    };
    let name = refusal.name.as_deref()?;
    let of_state = [
        StatusCode::NOT_FOUND,
        StatusCode::FORBIDDEN,
        StatusCode::BAD_REQUEST,
    ];
    let denies = name != "insufficient_scope" && of_state.contains(&refusal.status);
    denies.then(|| Denial::from_words(refusal.detail.as_deref().unwrap_or_default()))
}

impl LicenseCall for Ask {
    type Made = License;

    fn license_key(&self) -> &str {
        &self.license_key
    }

    async fn send(&self, polar: &Polar, route: Route) -> Result<License, Error> {
        let organization = polar.organization;
        let key = by!(polar, route, |keys| {
            let mut call = keys.validate(self.license_key.as_str(), organization);
            if let Some(id) = self.activation_id {
                call = call.activation_id(id.into());
            }
            if let Some(conditions) = self.conditions.clone() {
                call = call.conditions(conditions);
            }
            if let Some(units) = self.increment_usage.filter(|units| *units > 0) {
                call = call.increment_usage(units);
            }
            call
        })?;
        Ok(key.into())
    }
}

impl LicenseCall for Activate {
    type Made = Activation;

    fn license_key(&self) -> &str {
        &self.license_key
    }

    async fn send(&self, polar: &Polar, route: Route) -> Result<Activation, Error> {
        let organization = polar.organization;
        let made = by!(polar, route, |keys| {
            let mut call = keys.activate(self.license_key.as_str(), organization, &self.label);
            if let Some(conditions) = self.conditions.clone() {
                call = call.conditions(conditions);
            }
            if let Some(meta) = self.meta.clone() {
                call = call.meta(meta);
            }
            call
        })?;
        Ok(made.into())
    }
}

impl LicenseCall for Deactivate {
    type Made = ();

    fn license_key(&self) -> &str {
        &self.license_key
    }

    fn ends(&self) -> Option<Uuid> {
        Some(self.activation_id)
    }

    async fn send(&self, polar: &Polar, route: Route) -> Result<(), Error> {
        let (organization, id) = (polar.organization, self.activation_id.into());
        let ended = by!(polar, route, |keys| {
            keys.deactivate(self.license_key.as_str(), organization, id)
        });
        ended.map(drop)
    }
}

impl From<ValidatedLicenseKey> for License {
    fn from(key: ValidatedLicenseKey) -> Self {
        Self {
            id: key.id.to_string(),
            benefit_id: key.benefit_id.to_string(),
            status: key.status.to_string(),
            display_key: key.display_key,
            limit_activations: key.limit_activations,
            usage: key.usage,
            limit_usage: key.limit_usage,
            validations: key.validations,
            last_validated_at: key.last_validated_at,
            expires_at: key.expires_at,
            activation: key.activation.map(Activation::from),
            customer_id: key.customer_id.to_string(),
        }
    }
}

impl From<LicenseKeyActivationBase> for Activation {
    fn from(activation: LicenseKeyActivationBase) -> Self {
        Self {
            id: activation.id.to_string(),
            license_key_id: activation.license_key_id.to_string(),
            label: activation.label,
            meta: activation.meta,
            created_at: activation.created_at,
            modified_at: activation.modified_at,
        }
    }
}

impl From<LicenseKeyActivationRead> for Activation {
    fn from(activation: LicenseKeyActivationRead) -> Self {
        Self {
            id: activation.id.to_string(),
            license_key_id: activation.license_key_id.to_string(),
            label: activation.label,
            meta: activation.meta,
            created_at: activation.created_at,
            modified_at: activation.modified_at,
        }
    }
}
