//! The worked examples in Python and JavaScript, run as they are read: online once, then with no
//! gateway anywhere.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use jiff::SignedDuration;
use polarkit_model::Clock as _;

use crate::lease::{MACHINE, signing_key};
use crate::license::key;
use crate::polar::patch;
use crate::world::World;

/// One example: its interpreter and its file.
struct Example {
    interpreter: &'static str,
    file: PathBuf,
    folder: tempfile::TempDir,
}

impl Example {
    fn new(interpreter: &'static str, name: &str) -> Self {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/license");
        Self {
            interpreter,
            file: examples.join(name).canonicalize().unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.interpreter);
        command
            .arg(&self.file)
            .args(arguments)
            .current_dir(self.folder.path());
        let ran = tokio::task::spawn_blocking(move || command.output());
        // An interpreter that is missing is a test that failed.
        ran.await.unwrap().unwrap()
    }

    /// What it refuses to run for.
    async fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(!output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    async fn good(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

async fn works_offline(example: Example) {
    let world = World::with(&[("POLARKIT_LEASE_KEYS", &signing_key())]).await;
    let key = key(&world).await;
    example.good(&["fetch", &world.url, &key, MACHINE]).await;
    let entitled = world.get("/api/entitlements/u_1").await.ok();
    let start = world.clock.now();
    let at = |hours: i64| {
        let at = start + SignedDuration::from_hours(hours);
        at.as_second().to_string()
    };
    let check =
        async |machine: &str, hours: i64| example.run(&["check", &key, machine, &at(hours)]).await;
    let refuse = async |machine: &str, hours: i64| {
        example.refused(&["check", &key, machine, &at(hours)]).await
    };
    let path = world.polar.raw("/v1/license-keys/").await.unwrap();
    let path = format!(
        "/v1/license-keys/{}",
        path["items"][0]["id"].as_str().unwrap()
    );
    patch(
        &world.polar,
        &path,
        &serde_json::json!({"status": "revoked"}),
    )
    .await;
    world.settle().await;

    let printed = String::from_utf8(check(MACHINE, 1).await.stdout).unwrap();
    let product = entitled["products"][0].as_str().unwrap();
    assert!(printed.contains(product), "{printed}");
    let other = refuse("another", 1).await;
    assert!(other.contains("another machine"), "{other}");
    let other_key = ["check", "ACME-OTHER", MACHINE, &at(1)];
    let other_key = example.refused(&other_key).await;
    assert!(other_key.contains("another licence key"), "{other_key}");
    let back = refuse(MACHINE, 0).await;
    assert!(back.contains("turned back"), "{back}");
    let over = refuse(MACHINE, 72).await;
    assert!(over.contains("over"), "{over}");

    // The list is carried to where the program is, and the gateway goes away.
    let page = world.get("/api/license/revocations").await.ok();
    assert_eq!(page["count"], 1);
    world.stop().await.unwrap();
    let list = page["revocations"].as_str().unwrap();
    std::fs::write(example.folder.path().join("revocations.jwt"), list).unwrap();
    std::fs::remove_file(example.folder.path().join("mark.txt")).unwrap();
    let ended = refuse(MACHINE, 1).await;
    assert!(ended.contains("ended before"), "{ended}");

    let lease = example.folder.path().join("lease.jwt");
    let token = std::fs::read_to_string(&lease).unwrap();
    let changed: String = token.chars().rev().collect();
    let (head, _) = token.rsplit_once('.').unwrap();
    let (signature, _) = changed.split_once('.').unwrap();
    std::fs::write(&lease, format!("{head}.{signature}")).unwrap();
    let forged = refuse(MACHINE, 1).await;
    assert!(forged.contains("signature is not good"), "{forged}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_example_works_offline() {
    works_offline(Example::new("python3", "lease.py")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_javascript_example_works_offline() {
    works_offline(Example::new("node", "lease.mjs")).await;
}
