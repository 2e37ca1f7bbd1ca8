//! OAuth 2, from the page a user is sent to to the end of a token.

use std::collections::BTreeMap;

use polarkit::{
    Error, Polar, Server,
    model::{AuthorizationCodeTokenRequest, RefreshTokenRequest},
    oauth2::Verifier,
};

use super::script::{Asked, Script, Step};

const BACK: &str = "https://app.example/callback?a=b";
const TOKENS: &str = r#"{"access_token":"polar_at_u_hidden","token_type":"Bearer","expires_in":864000,
    "refresh_token":"polar_rt_u_hidden","scope":"openid","id_token":"hidden"}"#;

fn form(asked: &Asked) -> BTreeMap<String, String> {
    let body = asked.request.body();
    url::form_urlencoded::parse(body).into_owned().collect()
}

fn fields<const N: usize>(fields: [(&str, &str); N]) -> BTreeMap<String, String> {
    let owned = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    BTreeMap::from(owned)
}

fn exchange() -> AuthorizationCodeTokenRequest {
    AuthorizationCodeTokenRequest::new("polar_ci_x", "cs_hidden", "ac_hidden", BACK)
        .code_verifier("verifier_hidden")
}

#[test]
fn a_user_is_sent_to_polars_own_page() {
    let polar = |server| Polar::builder().server(server).build().unwrap();
    // The example of RFC 7636, appendix B.
    let verifier = Verifier::kept("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let url = |server| {
        let polar = polar(server);
        let url = polar.oauth2().authorize_url("polar_ci_x", BACK);
        let url = url.scope("openid").scope("orders:read").state("s&1");
        url.challenge(&verifier).for_organization().to_string()
    };
    let there = url::Url::parse(&url(Server::Sandbox)).unwrap();
    assert_eq!(
        there.origin().ascii_serialization(),
        "https://sandbox.polar.sh"
    );
    assert_eq!(there.path(), "/oauth2/authorize");
    let query: BTreeMap<_, _> = there.query_pairs().into_owned().collect();
    let known = fields([
        ("response_type", "code"),
        ("client_id", "polar_ci_x"),
        ("redirect_uri", BACK),
        ("scope", "openid orders:read"),
        ("state", "s&1"),
        (
            "code_challenge",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        ),
        ("code_challenge_method", "S256"),
        ("sub_type", "organization"),
    ]);
    assert_eq!(query, known);
    assert!(url(Server::Production).starts_with("https://polar.sh/oauth2/authorize?"));
}

#[test]
fn no_two_verifiers_are_alike_and_none_is_printed() {
    let (one, two) = (Verifier::new(), Verifier::new());
    assert_ne!(one.reveal(), two.reveal());
    // RFC 7636, section 4.1.
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    assert!((43..=128).contains(&one.reveal().len()));
    assert!(one.reveal().bytes().all(unreserved));
    assert!(!format!("{one:?}").contains(one.reveal()));
}

#[tokio::test]
async fn a_code_and_a_refresh_token_are_exchanged_as_forms_by_whoever_the_form_names() {
    let script = Script::of([]).then(Step::json(200, TOKENS));
    let polar = script.polar();
    let tokens = polar.oauth2().token(exchange()).await.unwrap();
    assert_eq!(tokens.access_token.reveal(), "polar_at_u_hidden");
    let refresh = tokens.refresh_token.unwrap();
    let refresh = RefreshTokenRequest::new("polar_ci_x", "cs_hidden", refresh);
    polar.oauth2().token(refresh).await.unwrap();

    let asked = script.asked();
    for asked in &asked {
        let headers = asked.request.headers();
        assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
        assert!(!headers.contains_key("authorization"));
    }
    let exchanged = fields([
        ("grant_type", "authorization_code"),
        ("client_id", "polar_ci_x"),
        ("client_secret", "cs_hidden"),
        ("code", "ac_hidden"),
        ("redirect_uri", BACK),
        ("code_verifier", "verifier_hidden"),
    ]);
    let refreshed = fields([
        ("grant_type", "refresh_token"),
        ("client_id", "polar_ci_x"),
        ("client_secret", "cs_hidden"),
        ("refresh_token", "polar_rt_u_hidden"),
    ]);
    assert_eq!([form(&asked[0]), form(&asked[1])], [exchanged, refreshed]);
}

#[tokio::test]
async fn a_token_is_looked_at_and_ended_by_its_client() {
    let active = r#"{"active":false,"client_id":"polar_ci_x","token_type":"access_token","scope":"openid",
        "sub_type":"user","sub":"u","organizations":[],"aud":"a","iss":"https://polar.sh","exp":1,"iat":1}"#;
    let script = Script::of([Step::json(200, active), Step::json(200, "{}")]);
    let polar = script.polar();
    let (token, client, secret) = ("polar_at_u_hidden", "polar_ci_x", "cs_hidden");
    let introspected = polar.oauth2().introspect(token, client, secret).await;
    assert!(!introspected.unwrap().active);
    let revoke = polar.oauth2().revoke(token, client, secret);
    revoke.await.unwrap();
    let known = fields([
        ("token", token),
        ("client_id", client),
        ("client_secret", secret),
    ]);
    let asked = script.asked();
    assert_eq!([form(&asked[0]), form(&asked[1])], [known.clone(), known]);
}

#[tokio::test]
async fn a_user_is_who_their_own_token_says() {
    let script = Script::of([Step::json(200, r#"{"sub":"u","name":"Ada"}"#)]);
    let polar = script.polar();
    let userinfo = polar.oauth2().userinfo().with_token("polar_at_u_hidden");
    userinfo.await.unwrap();
    let asked = script.asked();
    let bearer = &asked[0].request.headers()["authorization"];
    assert_eq!(bearer, "Bearer polar_at_u_hidden");
}

#[tokio::test]
async fn a_refused_code_has_the_name_of_rfc_6749() {
    let refusal = r#"{"error":"invalid_grant","error_description":"Invalid code."}"#;
    let script = Script::of([]).then(Step::json(400, refusal));
    let error = script.polar().oauth2().token(exchange()).await.unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error:?}");
    assert_eq!(error.name(), Some("invalid_grant"));
}

#[tokio::test]
async fn no_form_shows_its_secrets() {
    let script = Script::of([]).then(Step::json(200, TOKENS));
    let polar = script.polar();
    let oauth2 = polar.oauth2();
    let (client, secret) = ("polar_ci_x", "cs_hidden");
    let url = oauth2.authorize_url(client, BACK).state("hidden");
    let refresh = RefreshTokenRequest::new(client, secret, "polar_rt_u_hidden");
    let shown = format!(
        "{url:?} {:?} {refresh:?} {:?} {:?} {:?} {:?}",
        exchange(),
        oauth2.token(exchange()),
        oauth2.introspect("hidden", client, secret),
        oauth2.revoke("hidden", client, secret),
        oauth2.token(exchange()).await.unwrap(),
    );
    assert!(!shown.contains("hidden"), "{shown}");
}
