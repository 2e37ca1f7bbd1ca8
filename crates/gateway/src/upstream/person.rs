//! Customers at Polar, by either name of theirs.

use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::{Failure, Polar};
use crate::customer::{Person, none_if_unknown};
use crate::problem::chain;

/// Customers looked through who begin alike: Polar's largest page.
const FOUND_MAX: &str = "100";

#[derive(Deserialize)]
struct Listed {
    items: Vec<Person>,
}

impl Polar {
    /// The customer with this e-mail, in any case.
    pub(crate) async fn person_by_email(&self, email: &str) -> Result<Option<Person>, Failure> {
        let query = [
            ("email", email.to_owned()),
            ("organization_id", self.organization()),
        ];
        let answer = self.read("/v1/customers/", &query).await?;
        let listed: Listed = understood(&answer.body)?;
        Ok(listed.items.into_iter().find(|one| one.has_email(email)))
    }

    /// The customer with this external id.
    pub(crate) async fn person_by_external_id(
        &self,
        external_id: &str,
    ) -> Result<Option<Person>, Failure> {
        let Some(path) = path_of(external_id) else {
            return self.person_found(external_id).await;
        };
        let answer = none_if_unknown(self.read(&path, &[]).await)?;
        answer.map(|answer| understood(&answer.body)).transpose()
    }

    /// The same by searching.
    async fn person_found(&self, external_id: &str) -> Result<Option<Person>, Failure> {
        let query = [
            ("query", external_id.to_owned()),
            ("organization_id", self.organization()),
            ("limit", FOUND_MAX.to_owned()),
        ];
        let answer = self.read("/v1/customers/", &query).await?;
        let listed: Listed = understood(&answer.body)?;
        let same = |one: &Person| one.external_id.as_deref() == Some(external_id);
        Ok(listed.items.into_iter().find(same))
    }

    /// Gives a customer an external id; Polar refuses when they have another.
    pub(crate) async fn name_person(&self, id: &str, external_id: &str) -> Result<Person, Failure> {
        let path = format!("/v1/customers/{}", segment(id));
        let change = json!({ "external_id": external_id });
        let answer = self.change(Method::PATCH, &path, Some(&change)).await?;
        understood(&answer.body)
    }

    /// Creates a customer; Polar refuses when the e-mail or the external id is somebody's.
    pub(crate) async fn create_person(
        &self,
        external_id: &str,
        email: &str,
        name: Option<&str>,
    ) -> Result<Person, Failure> {
        let person = json!({"external_id": external_id, "email": email, "name": name});
        let answer = self
            .change(Method::POST, "/v1/customers/", Some(&person))
            .await?;
        understood(&answer.body)
    }
}

fn understood<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        tracing::error!(error = %chain(&error), "Polar's answer cannot be read");
        Failure::Failed
    })
}

/// Where Polar has the customer of this external id. Slashes and dots alone fit in no path, however
/// they are written.
pub(crate) fn path_of(external_id: &str) -> Option<String> {
    let fits = !external_id.contains('/') && !matches!(external_id, "" | "." | "..");
    fits.then(|| format!("/v1/customers/external/{}", segment(external_id)))
}

/// A text as one piece of a path.
fn segment(text: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    encoded.replace('+', "%20")
}
