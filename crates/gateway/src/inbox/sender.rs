//! Who may deliver: from which addresses, signed with which secrets.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use polarkit::webhooks::{Headers, Scheme, SecretError, Verified, Verifier, VerifyError};
use secrecy::SecretString;

use crate::config::Config;

/// The senders configuration trusts.
#[derive(Debug)]
pub(crate) struct Senders {
    verifier: Verifier,
    /// How many secrets configuration gives; one after them is that of `polar listen`.
    configured: usize,
    networks: Vec<IpNet>,
}

impl Senders {
    pub(crate) fn new(config: &Config) -> Result<Self, SecretError> {
        let mut secrets = config.webhook.secrets.clone();
        let configured = secrets.len();
        if config.webhook.polar_listen {
            tracing::warn!(
                "POLARKIT_POLAR_LISTEN is on: whoever knows the organization's id can sign webhooks"
            );
            secrets.push(listen_secret(config));
        }
        Ok(Self {
            verifier: Verifier::new(secrets)?,
            configured,
            networks: config.webhook.networks.clone(),
        })
    }

    /// Whether deliveries from this address are taken at all.
    pub(crate) fn admits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.is_empty() || self.networks.iter().any(|known| known.contains(&address))
    }

    pub(crate) fn verify(
        &self,
        headers: &Headers<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Verified, VerifyError> {
        self.verifier.verify(headers, body, now)
    }

    /// Which secret fitted, counted from 1 as configured, and how it was made into a key.
    pub(crate) fn name(&self, verified: &Verified) -> String {
        let scheme = match verified.scheme {
            Scheme::WholeSecret => "whole",
            Scheme::Decoded => "decoded",
            _ => "newer",
        };
        if verified.secret < self.configured {
            format!("{}/{scheme}", verified.secret + 1)
        } else {
            format!("listen/{scheme}")
        }
    }
}

/// What `polar listen` signs with: the organization's id without its dashes.
fn listen_secret(config: &Config) -> SecretString {
    config.organization_id.simple().to_string().into()
}
