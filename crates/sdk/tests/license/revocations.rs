//! Lists of leases whose licence ended before they did.

use polarkit::license::{LicenseError, Mark, Revocations, Revoked};

use crate::stand::{GIVEN, HOUR, MACHINE, at, key, lease, verifier};

fn list(leases: &[&str], next: Option<&str>) -> Revocations {
    let revoked = |id: &&str| Revoked {
        lease: (*id).to_owned(),
        key: lease().key_hash,
        at: at(GIVEN + 10),
        until: at(GIVEN + HOUR),
    };
    Revocations {
        organization: "acme".to_owned(),
        issued_at: at(GIVEN + 20),
        revoked: leases.iter().map(revoked).collect(),
        next: next.map(str::to_owned),
    }
}

#[test]
fn a_lease_in_the_list_is_refused_and_any_other_is_not() {
    let key = key();
    let token = key.sign(&lease());
    let good = |list: Revocations| {
        let verifier = verifier(&key);
        let list = verifier.read_revocations(&key.sign(&list)).unwrap();
        let verifier = verifier.revocations(list);
        verifier.verify(&token, MACHINE, at(GIVEN + 30), &mut Mark::default())
    };
    good(list(&["lease_2"], None)).unwrap();
    let pages = list(&["lease_2"], Some("more")).and(list(&["lease_2", "lease_1"], None));
    assert_eq!((pages.revoked.len(), &pages.next), (2, &None));
    assert_eq!(good(pages), Err(LicenseError::Revoked));
}

#[test]
fn a_lease_is_no_list_and_a_list_no_lease() {
    let key = key();
    let verifier = verifier(&key).organization("acme");
    let refused = verifier.read_revocations(&key.sign(&lease())).unwrap_err();
    let expected = "polarkit-revocations+jwt";
    assert_eq!(refused, LicenseError::Malformed { expected });
    let list = key.sign(&list(&["lease_1"], None));
    let refused = verifier.verify(&list, MACHINE, at(GIVEN), &mut Mark::default());
    let expected = "polarkit-lease+jwt";
    assert_eq!(refused, Err(LicenseError::Malformed { expected }));
}
