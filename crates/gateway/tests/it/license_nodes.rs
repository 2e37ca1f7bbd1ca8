//! Licences on two nodes that hear each other: what one ends, the other no longer calls valid.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::license::key;
use crate::nodes::two;
use crate::redis::Redis;
use crate::world::World;

async fn validate(world: &World, node: &str, ask: &Value) -> Answer {
    let url = format!("{node}/api/license/validate");
    Answer::of(world.client.post(url).json(ask).send().await.unwrap()).await
}

/// The clock stands still: what is remembered never grows old, so it is the announcement that is seen.
#[tokio::test(flavor = "multi_thread")]
async fn an_activation_that_ended_on_one_node_is_over_on_the_other() {
    let redis = Redis::start().await;
    let (world, node) = two(&redis, &[]).await;
    let key = key(&world).await;
    let label = json!({"license_key": key, "label": "laptop"});
    let made = world
        .post_anonymously("/api/license/activate", label)
        .await
        .ok();
    let on_it = json!({"license_key": key, "activation_id": made["id"]});
    // Polar's word for it is "not found": whoever knows the key knows what that means.
    let alone = json!({"license_key": key});
    validate(&world, &node.url, &alone).await.ok();
    for source in ["polar", "memory"] {
        let valid = validate(&world, &node.url, &on_it).await.ok();
        assert_eq!(valid["source"], source);
    }
    let ended = world
        .post_anonymously("/api/license/deactivate", on_it.clone())
        .await;
    ended.ok();
    world
        .until("the other node knows", async || {
            validate(&world, &node.url, &on_it).await.status == 400
        })
        .await;
    let ended = validate(&world, &node.url, &on_it).await;
    assert_eq!(ended.body["state"], "activation_unknown");
    // No key stands in Redis, whole or in part.
    assert!(redis.keys(&key).await.is_empty());
    node.stop().await;
}
