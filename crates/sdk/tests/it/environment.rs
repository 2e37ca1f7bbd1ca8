//! What the environment says, without touching the environment.

use polarkit::{Builder, EnvironmentError, Polar, Server};

fn from(variables: &[(&str, &str)]) -> Result<Polar, EnvironmentError> {
    let builder = Builder::from_variables(|name| {
        let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
        Some((*value).to_owned())
    })?;
    Ok(builder.build().unwrap())
}

#[test]
fn the_server_is_the_sandbox_unless_told_otherwise() {
    let server = |word| {
        from(&[
            ("POLAR_ACCESS_TOKEN", "polar_oat_x"),
            ("POLAR_SERVER", word),
        ])
    };
    let unset = from(&[("POLAR_ACCESS_TOKEN", "polar_oat_x")]).unwrap();
    assert_eq!(*unset.server(), Server::Sandbox);
    assert_eq!(*server(" ").unwrap().server(), Server::Sandbox);
    assert_eq!(*server("sandbox").unwrap().server(), Server::Sandbox);
    assert_eq!(
        *server("production\n").unwrap().server(),
        Server::Production
    );
    let own = server("http://127.0.0.1:8787/").unwrap();
    assert_eq!(own.server().base(), "http://127.0.0.1:8787");
}

#[test]
fn what_is_wrong_is_told_by_name_with_a_remedy_and_without_the_value() {
    let table = [
        (&[][..], "POLAR_ACCESS_TOKEN is not set: create"),
        (
            &[("POLAR_ACCESS_TOKEN", "  ")],
            "POLAR_ACCESS_TOKEN is not set: create",
        ),
        (
            &[("POLAR_ACCESS_TOKEN", "hush hush")],
            "POLAR_ACCESS_TOKEN is no token: create",
        ),
        (
            &[("POLAR_ACCESS_TOKEN", "x"), ("POLAR_SERVER", "hush")],
            "POLAR_SERVER is no Polar server: set it to sandbox, to production",
        ),
    ];
    for (variables, expected) in table {
        let said = from(variables).unwrap_err().to_string();
        assert!(said.starts_with(expected), "{said}");
        assert!(!said.contains("hush"), "{said}");
    }
}

#[test]
fn a_token_gets_its_white_space_taken_off() {
    let polar = from(&[("POLAR_ACCESS_TOKEN", " polar_oat_x\n")]);
    assert!(polar.is_ok());
}

#[test]
fn a_token_that_cannot_be_sent_makes_no_client() {
    for token in ["polar_oat_x\n", "polar\r\noat"] {
        let refused = Polar::new(token).map(drop).unwrap_err();
        assert!(refused.to_string().contains("line break"), "{refused}");
    }
}
