//! `polarkit serve` before it serves: what is missing or wrong is named, with exit code 2.

use crate::process::{folder, run, run_in};

const COMPLETE: [(&str, &str); 4] = [
    ("POLAR_ACCESS_TOKEN", "polar_oat_test"),
    ("POLAR_WEBHOOK_SECRET", "whsec_test"),
    (
        "POLAR_ORGANIZATION_ID",
        "00000000-0000-4000-8000-000000000000",
    ),
    ("POLAR_SERVER", "http://127.0.0.1:9"),
];

async fn refused(env: &[(&str, &str)]) -> String {
    let ended = run(&["serve", "--port", "0"], env).await;
    let talk = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{talk}");
    assert!(ended.stdout.is_empty(), "stdout carries data only");
    talk
}

#[tokio::test]
async fn every_missing_variable_is_named_at_once() {
    let talk = refused(&[]).await;
    for name in [
        "POLAR_ACCESS_TOKEN",
        "POLAR_WEBHOOK_SECRET",
        "POLAR_ORGANIZATION_ID",
    ] {
        assert!(talk.contains(name), "{talk}");
    }
    assert_eq!(talk.matches("hint: ").count(), 1, "{talk}");
}

#[tokio::test]
async fn a_malformed_variable_is_named_and_its_value_is_not_shown() {
    let mut env = COMPLETE;
    env[3] = ("POLAR_SERVER", "sandbax-secret");
    let talk = refused(&env).await;
    assert!(talk.contains("POLAR_SERVER"), "{talk}");
    assert!(
        !talk.contains("POLAR_ACCESS_TOKEN"),
        "only what is wrong: {talk}"
    );
    assert!(!talk.contains("sandbax-secret"), "{talk}");
}

#[tokio::test]
async fn a_flag_wins_over_the_environment_and_the_environment_over_dot_env() {
    let folder = folder();
    std::fs::write(
        folder.path().join(".env"),
        "POLAR_ORGANIZATION_ID=dot-env\n",
    )
    .unwrap();
    std::fs::write(
        folder.path().join("polarkit.toml"),
        "polar_server = \"file\"\n",
    )
    .unwrap();
    let args = [
        "serve",
        "--port",
        "0",
        "--polar-server",
        "http://127.0.0.1:9",
    ];
    let ended = run_in(&folder, &args, &COMPLETE[..2]).await;
    let talk = String::from_utf8(ended.stderr).unwrap();
    assert!(
        talk.contains("POLAR_ORGANIZATION_ID is not a UUID"),
        "read from .env: {talk}"
    );
    assert!(
        !talk.contains("POLAR_SERVER"),
        "the flag wins over the file: {talk}"
    );
    assert!(
        !talk.contains("POLAR_ACCESS_TOKEN"),
        "the environment was read: {talk}"
    );
}

#[tokio::test]
async fn a_log_filter_on_the_command_line_is_no_fault_of_the_variable() {
    let filter = ["--log-level", "info,polarkit=debug"];
    let args = [&["serve", "--port", "0"], &filter[..]].concat();
    let ended = run(&args, &COMPLETE[..2]).await;
    let talk = String::from_utf8(ended.stderr).unwrap();
    assert!(talk.contains("POLAR_ORGANIZATION_ID"), "{talk}");
    assert!(!talk.contains("LOG_LEVEL"), "{talk}");
}

#[tokio::test]
async fn a_misspelt_setting_in_the_file_is_refused_by_name() {
    let folder = folder();
    std::fs::write(
        folder.path().join("polarkit.toml"),
        "polar_sever = \"sandbox\"\n",
    )
    .unwrap();
    let ended = run_in(&folder, &["serve", "--port", "0"], &COMPLETE).await;
    let talk = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{talk}");
    assert!(talk.contains("polar_sever"), "{talk}");
}
