//! The one shape every refusal has: RFC 9457 problem details, with a code a program can match.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::http::request_id;
use crate::upstream::Failure;

/// Why a call was refused, as the caller is told; nothing of an upstream's words is ever in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    code: Code,
    detail: Cow<'static, str>,
    retry_after_seconds: Option<u64>,
    license: Option<LicenseState>,
    /// Boxed: few have any, and every result of a call has room for one.
    further: Option<Box<Map<String, Value>>>,
}

/// How a licence stands that is not known to be valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LicenseState {
    /// `false`, or nothing where nobody can tell.
    pub(crate) valid: Option<bool>,
    /// In a word.
    pub(crate) state: &'static str,
}

macro_rules! codes {
    ($($variant:ident $text:literal $status:ident $kind:literal $title:literal $about:literal;)+) => {
        /// What a program matches on; permanent names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $about] $variant,)+
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its permanent name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The status it is answered with.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)+ }
            }

            /// The kind of error it is.
            pub const fn kind(self) -> &'static str {
                match self { $(Self::$variant => $kind,)+ }
            }

            /// Its meaning in a few words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }
        }
    };
}

codes! {
    InvalidRequest "invalid_request" BAD_REQUEST "validation_error" "The request is not valid"
        "The request is malformed, or a field is missing or wrong.";
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE "validation_error"
        "Only JSON is taken" "The body is of another type than JSON.";
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED "validation_error"
        "Another method is needed" "The route exists, for another method.";
    TooLarge "too_large" PAYLOAD_TOO_LARGE "validation_error" "The body is too large"
        "The body is larger than this route takes.";
    TooSlow "too_slow" REQUEST_TIMEOUT "validation_error" "The body came too slowly"
        "The sender took too long.";
    RefusedByPolar "refused_by_polar" BAD_REQUEST "validation_error" "Polar refused the request"
        "Polar found something in the request it doesn't accept.";
    LicenseInvalid "license_invalid" BAD_REQUEST "validation_error" "The licence is not valid"
        "No such key, or revoked, expired, used up, or for something else.";
    LeaseLimit "lease_limit" CONFLICT "conflict" "Other machines hold the leases"
        "As many machines as the licence allows hold leases of it, or another one of its activation.";
    NotConfigured "not_configured" NOT_IMPLEMENTED "internal" "This is not configured"
        "The gateway was not told what it needs for this; the detail names the variable.";
    Unauthenticated "unauthenticated" UNAUTHORIZED "authentication_error" "Credentials are needed"
        "No credentials, or ones that are not valid.";
    Forbidden "forbidden" FORBIDDEN "authentication_error" "Not allowed"
        "The credentials are valid but do not allow this.";
    WebhookSignature "webhook_signature" FORBIDDEN "webhook_verification_error"
        "The delivery is not from Polar"
        "The signature does not fit the bytes, or is too old.";
    WebhookAddress "webhook_address" FORBIDDEN "webhook_verification_error"
        "Deliveries are not taken from there" "The sender's address is not on the list.";
    WebhookHeaders "webhook_headers" BAD_REQUEST "webhook_verification_error"
        "The delivery's headers are malformed"
        "A header of the delivery is missing or malformed.";
    NotFound "not_found" NOT_FOUND "not_found" "There is no such thing"
        "The thing asked for does not exist.";
    Conflict "conflict" CONFLICT "conflict" "The request conflicts with another"
        "Another request of the same Idempotency-Key still runs.";
    CustomerConflict "customer_conflict" CONFLICT "conflict" "The e-mail is somebody else's"
        "The e-mail belongs to another customer than the external id names.";
    IdempotencyKeyReused "idempotency_key_reused" UNPROCESSABLE_ENTITY "conflict"
        "The Idempotency-Key belongs to another request"
        "The same key came with another request before.";
    InsufficientBalance "insufficient_balance" PAYMENT_REQUIRED "conflict"
        "Not so many units are left"
        "Fewer units of the meter are left than were asked for.";
    ReservationOver "reservation_over" CONFLICT "conflict" "The reservation is over"
        "The reservation was committed, released, or expired.";
    RateLimited "rate_limited" TOO_MANY_REQUESTS "rate_limit_error" "Too many requests"
        "The caller, or Polar on its behalf, is over a limit; try again later.";
    UpstreamUnavailable "upstream_unavailable" SERVICE_UNAVAILABLE "network_error"
        "Polar cannot be reached" "Polar did not answer, or not in time.";
    UpstreamFailed "upstream_failed" BAD_GATEWAY "upstream" "Polar failed"
        "Polar answered with an error that is not the caller's.";
    AppUnreachable "app_unreachable" BAD_GATEWAY "network_error" "The app cannot be reached"
        "The app behind the metering proxy did not take the request, or broke off.";
    AppSilent "app_silent" GATEWAY_TIMEOUT "network_error" "The app did not answer in time"
        "The app behind the metering proxy took the request and was silent.";
    Overloaded "overloaded" SERVICE_UNAVAILABLE "internal" "Too busy"
        "Too much waits to be stored; try again shortly.";
    Internal "internal" INTERNAL_SERVER_ERROR "internal" "Something failed here"
        "A fault of the gateway; the log knows it by the request id.";
}

/// How the body looks.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Shape {
    /// Names the code as a URI.
    r#type: String,
    /// Its meaning in a few words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong with this very request.
    detail: Cow<'static, str>,
    /// What a program matches on.
    code: &'static str,
    /// The kind of error.
    kind: &'static str,
    /// Finds this request in the log.
    request_id: String,
    /// Of a licence: that it is not valid. Absent where nobody can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid: Option<bool>,
    /// Of a licence: how it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    /// What some codes tell besides.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    further: Map<String, Value>,
}

impl Problem {
    /// A refusal with its reason in words for the caller.
    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            detail: detail.into(),
            retry_after_seconds: None,
            license: None,
            further: None,
        }
    }

    /// The request is malformed: which field, and how.
    pub(crate) fn invalid(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidRequest, detail)
    }

    /// A fault of ours: the cause goes to the log, never to the caller.
    pub(crate) fn internal(cause: &dyn std::error::Error) -> Self {
        tracing::error!(error = %chain(cause), "request failed");
        Self::new(
            Code::Internal,
            "Something failed here; the log has it by the request id",
        )
    }

    /// Says when to try again.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// Says how the licence stands that it is about.
    #[must_use]
    pub(crate) fn of_license(mut self, license: LicenseState) -> Self {
        self.license = Some(license);
        self
    }

    /// Tells more, by field.
    #[must_use]
    pub(crate) fn telling(mut self, fields: &impl Serialize) -> Self {
        if let Ok(Value::Object(fields)) = serde_json::to_value(fields) {
            self.further = Some(Box::new(fields));
        }
        self
    }

    /// The same refusal in other words.
    #[must_use]
    pub(crate) fn saying(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The same refusal, its reason put after a few words.
    #[must_use]
    pub(crate) fn after(mut self, words: &str) -> Self {
        self.detail = format!("{words}{}", self.detail).into();
        self
    }

    /// How the licence stands that it is about, in a word.
    pub(crate) fn license_state(&self) -> Option<&'static str> {
        self.license.map(|license| license.state)
    }

    /// When to try again, where that was said.
    pub(crate) const fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after_seconds
    }

    /// What a program matches on.
    pub(crate) const fn code(&self) -> Code {
        self.code
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let shape = Shape {
            r#type: format!("urn:polarkit:error:{}", self.code.name()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: self.detail,
            code: self.code.name(),
            kind: self.code.kind(),
            request_id: request_id::current().to_string(),
            valid: self.license.and_then(|license| license.valid),
            state: self.license.map(|license| license.state),
            further: self.further.map(|fields| *fields).unwrap_or_default(),
        };
        let body = serde_json::to_vec(&shape).unwrap_or_default();
        let mut response = (self.code.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if self.code == Code::Unauthenticated {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<&Failure> for Problem {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Unreachable => {
                Self::new(Code::UpstreamUnavailable, "Polar cannot be reached").retry_after(5)
            }
            Failure::Credentials => Self::new(
                Code::UpstreamFailed,
                "Polar does not accept the gateway's own credentials",
            ),
            Failure::NotFound => Self::new(Code::NotFound, "Polar knows no such thing"),
            Failure::Refused { fields } if fields.is_empty() => {
                Self::new(Code::RefusedByPolar, "Polar refused the request")
            }
            Failure::Refused { fields } => {
                let fields = fields.join(", ");
                Self::new(Code::RefusedByPolar, format!("Polar refused: {fields}"))
            }
            Failure::Limited {
                retry_after_seconds,
            } => Self::new(Code::RateLimited, "Polar asks to slow down")
                .retry_after(*retry_after_seconds),
            Failure::Failed | Failure::Absent => {
                Self::new(Code::UpstreamFailed, "Polar failed").retry_after(5)
            }
        }
    }
}

impl From<polarkit_store::Error> for Problem {
    fn from(error: polarkit_store::Error) -> Self {
        use polarkit_store::Error;
        match error {
            Error::Full | Error::Closed => {
                Self::new(Code::Overloaded, "Too busy to store this now").retry_after(2)
            }
            error if error.is_about_the_data() => {
                Self::invalid("A text holds characters that cannot be stored")
            }
            error => {
                tracing::error!(error = %chain(&error), "the store failed");
                Self::new(Code::Overloaded, "The store cannot be reached").retry_after(5)
            }
        }
    }
}

/// An error with its causes, on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
