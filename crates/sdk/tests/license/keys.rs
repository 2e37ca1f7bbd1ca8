//! Signing keys: as they are kept, as they are published, as they are replaced.

use polarkit::{
    Secret,
    license::{KeyError, LicenseError, Mark, PublicKeys, SigningKey, Verifier},
};

use crate::stand::{GIVEN, MACHINE, at, key, lease, verifier};

/// The example key of RFC 8037, Appendix A.
const SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

#[test]
fn a_key_is_published_as_the_standards_write_it() {
    let key = SigningKey::parse(&Secret::from(SEED)).unwrap();
    assert_eq!(key.id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let set: serde_json::Value = serde_json::from_str(&key.public().jwks()).unwrap();
    let expected = serde_json::json!({"keys": [{
        "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "kid": key.id(), "alg": "EdDSA", "use": "sig",
    }]});
    assert_eq!(set, expected);
}

#[test]
fn a_key_may_come_from_openssl() {
    // `openssl genpkey -algorithm ed25519 -outform DER | base64`, of the same seed.
    let document = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";
    let key = SigningKey::parse(&Secret::from(document)).unwrap();
    assert_eq!(key.id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn what_is_no_key_is_told_without_showing_it() {
    for text in [
        "",
        "short",
        "!",
        "bWFueSBieXRlcyB0aGF0IGFyZSBubyBrZXkgYXQgYWxsLg",
    ] {
        let refused = SigningKey::parse(&Secret::from(text)).unwrap_err();
        assert_eq!(refused, KeyError::NoSecretKey, "{text}");
    }
    let key = SigningKey::parse(&Secret::from(SEED)).unwrap();
    assert!(!format!("{key:?}").contains(SEED));
    assert_eq!(PublicKeys::parse("[]"), Err(KeyError::NoKeySet));
    let others = r#"{"keys": [{"kty": "RSA", "n": "x", "e": "AQAB"}, {"kty": "OKP", "crv": "X25519", "x": ""}]}"#;
    assert_eq!(PublicKeys::parse(others), Err(KeyError::NoKeys));
}

#[test]
fn a_replaced_key_verifies_until_it_is_dropped() {
    let (old, new) = (key(), key());
    let token = old.sign(&lease());
    let good = |keys: PublicKeys| {
        Verifier::of(keys).verify(&token, MACHINE, at(GIVEN), &mut Mark::default())
    };
    good(new.public().and(old.public())).unwrap();
    let key_id = old.id().to_owned();
    assert_eq!(good(new.public()), Err(LicenseError::UnknownKey { key_id }));
}

#[test]
fn another_key_of_the_same_name_signs_nothing() {
    let (ours, theirs) = (key(), key());
    let set = ours.public().jwks().replace(ours.id(), theirs.id());
    let verifier = Verifier::new(&set).unwrap();
    let token = theirs.sign(&lease());
    let refused = verifier.verify(&token, MACHINE, at(GIVEN), &mut Mark::default());
    assert!(matches!(refused, Err(LicenseError::UnknownKey { .. })));
}

#[test]
fn a_lease_of_another_organization_is_none() {
    let key = key();
    let token = key.sign(&lease());
    let good = |organization: &str| {
        let verifier = verifier(&key).organization(organization);
        verifier.verify(&token, MACHINE, at(GIVEN), &mut Mark::default())
    };
    good("acme").unwrap();
    assert_eq!(good("other"), Err(LicenseError::OtherOrganization));
}
