//! Files: announced, uploaded part by part, sold, shown with products, fetched, gone.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::running::{Running, read};
use crate::shop::{Shop, id};

const PICTURE: (&str, &str) = ("product_media", "image/png");
const SOLD: (&str, &str) = ("downloadable", "text/plain");

fn digest(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(Sha256::digest(bytes))
}

/// An announcement of these parts.
fn announcement((service, media): (&str, &str), name: &str, parts: &[&[u8]]) -> Value {
    let mut start = 0;
    let listed = parts.iter().enumerate().map(|(index, part)| {
        let begun = start;
        start += part.len();
        json!({"number": index + 1, "chunk_start": begun, "chunk_end": start,
            "checksum_sha256_base64": digest(part)})
    });
    let listed: Vec<_> = listed.collect();
    let whole = parts.concat();
    json!({"service": service, "name": name, "mime_type": media, "size": whole.len(),
        "checksum_sha256_base64": digest(&whole), "upload": {"parts": listed}})
}

/// What completes an upload of which each part has this tag.
fn completion(file: &Value, parts: &[&[u8]], etags: &[String]) -> Value {
    let parts = parts.iter().zip(etags).enumerate();
    let parts = parts.map(|(index, (part, etag))| {
        json!({"number": index + 1, "checksum_etag": etag, "checksum_sha256_base64": digest(part)})
    });
    json!({"id": file["upload"]["id"], "path": file["path"], "parts": parts.collect::<Vec<_>>()})
}

impl Running {
    /// Puts a part where its announcement says.
    async fn put(&self, part: &Value, bytes: &[u8]) -> Response {
        let path = part["url"].as_str().unwrap().strip_prefix(&self.url);
        let mut call = self.request(Method::PUT, path.unwrap());
        for (name, value) in part["headers"].as_object().unwrap() {
            call = call.header(name, value.as_str().unwrap());
        }
        call.body(bytes.to_vec()).send().await.unwrap()
    }

    /// Fetches an address of the sandbox's own.
    async fn fetch(&self, url: &Value) -> Response {
        let url = url.as_str().unwrap();
        self.get(url.strip_prefix(&self.url).unwrap()).await
    }
}

impl Shop {
    /// Uploads a file whole.
    async fn upload(&self, kind: (&str, &str), name: &str, parts: &[&[u8]]) -> Value {
        let file = self
            .post("/v1/files/", announcement(kind, name, parts))
            .await;
        let mut etags = Vec::new();
        for (part, bytes) in file["upload"]["parts"]
            .as_array()
            .unwrap()
            .iter()
            .zip(parts)
        {
            let taken = self.sandbox.put(part, bytes).await;
            assert_eq!(taken.status(), 200);
            etags.push(taken.headers()["etag"].to_str().unwrap().to_owned());
        }
        let path = format!("/v1/files/{}/uploaded", id(&file));
        self.post(&path, completion(&file, parts, &etags)).await
    }

    /// A benefit of these files.
    async fn selling(&self, files: &[&Value]) -> String {
        let files: Vec<_> = files.iter().map(|file| &file["id"]).collect();
        self.benefit("downloadables", json!({"files": files})).await
    }

    /// What a customer sees to download.
    async fn downloads(&self, customer: &str) -> Vec<Value> {
        let token = self.session(json!({"customer_id": customer})).await;
        let path = "/v1/customer-portal/downloadables/";
        let (status, list) = self.as_(Some(&token), Method::GET, path, Value::Null).await;
        assert_eq!(status, 200, "{list}");
        list["items"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn a_file_of_three_parts_comes_whole_to_who_bought_it() {
    let shop = Shop::open().await;
    let parts: [&[u8]; 3] = [b"one, ", b"two, ", b"three"];
    let file = shop.upload(SOLD, "lesson \u{e9}.txt", &parts).await;
    assert_eq!(
        (&file["is_uploaded"], &file["size"]),
        (&json!(true), &json!(15))
    );
    assert_eq!(file["size_readable"], "15.0 B");
    assert_eq!(file["checksum_sha256_base64"], digest(b"one, two, three"));
    assert!(file["checksum_etag"].as_str().unwrap().ends_with("-3\""));
    let benefit = shop.selling(&[&file]).await;
    let product = shop.free(None, &[&benefit]).await;
    let bought = shop.buy(&product, json!({})).await;
    let grants = shop.items("/v1/benefit-grants/").await;
    assert_eq!(grants[0]["properties"], json!({"files": [file["id"]]}));

    let held = shop.downloads(&bought.customer).await;
    assert_eq!(held.len(), 1);
    let leads = shop
        .sandbox
        .fetch(&held[0]["file"]["download"]["url"])
        .await;
    assert_eq!(leads.status(), 302);
    let address = json!(leads.headers()["location"].to_str().unwrap());
    let had = shop.sandbox.fetch(&address).await;
    assert_eq!(had.headers()["content-type"], "text/plain");
    let saved = had.headers()["content-disposition"].to_str().unwrap();
    assert!(
        saved.starts_with("attachment; filename=\"lesson _.txt\""),
        "{saved}"
    );
    assert!(
        saved.ends_with("filename*=UTF-8''lesson%20%C3%A9%2Etxt"),
        "{saved}"
    );
    assert_eq!(had.bytes().await.unwrap(), "one, two, three");
    let counted = shop.items(&format!("/v1/benefits/{benefit}/files")).await;
    let figures = (&counted[0]["downloads"], &counted[0]["downloaders"]);
    assert_eq!(figures, (&json!(1), &json!(1)));
}

#[tokio::test]
async fn an_address_is_good_for_an_hour_and_cannot_be_prolonged() {
    let shop = Shop::open().await;
    let late = shop
        .post("/v1/files/", announcement(SOLD, "late.txt", &[b"x"]))
        .await;
    let file = shop.upload(SOLD, "a.txt", &[b"a"]).await;
    let benefit = shop.selling(&[&file]).await;
    let product = shop.free(None, &[&benefit]).await;
    let bought = shop.buy(&product, json!({})).await;
    let held = shop.downloads(&bought.customer).await;
    let lead = held[0]["file"]["download"]["url"].clone();
    let leads = shop.sandbox.fetch(&lead).await;
    let address = json!(leads.headers()["location"].to_str().unwrap());
    shop.skip("PT59M").await;
    assert_eq!(shop.sandbox.fetch(&address).await.status(), 200);
    assert_eq!(shop.sandbox.fetch(&lead).await.status(), 302);
    shop.skip("PT1M").await;
    assert_eq!(shop.sandbox.fetch(&address).await.status(), 403);
    assert_eq!(shop.sandbox.fetch(&lead).await.status(), 410);
    let prolonged = address.as_str().unwrap().replace("expires=1", "expires=2");
    assert_eq!(shop.sandbox.fetch(&json!(prolonged)).await.status(), 403);
    let (signed, signature) = lead.as_str().unwrap().rsplit_once('.').unwrap();
    let (id, _seconds) = signed.rsplit_once('.').unwrap();
    let forged = format!("{id}.1999999999.{signature}");
    assert_eq!(shop.sandbox.fetch(&json!(forged)).await.status(), 404);
    let refused = shop.sandbox.put(&late["upload"]["parts"][0], b"x").await;
    assert_eq!(refused.status(), 403);
    assert!(
        refused
            .text()
            .await
            .unwrap()
            .contains("Request has expired")
    );
}

#[tokio::test]
async fn bytes_that_are_not_those_announced_are_not_taken() {
    let shop = Shop::open().await;
    let parts: [&[u8]; 2] = [b"one", b"two"];
    let file = shop
        .post("/v1/files/", announcement(SOLD, "a.txt", &parts))
        .await;
    let announced = file["upload"]["parts"].as_array().unwrap();
    let refused = shop.sandbox.put(&announced[0], b"other").await;
    assert_eq!(refused.status(), 400);
    assert!(
        refused
            .text()
            .await
            .unwrap()
            .contains("<Code>BadDigest</Code>")
    );
    let taken = shop.sandbox.put(&announced[0], b"one").await;
    let etag = taken.headers()["etag"].to_str().unwrap().to_owned();

    let path = format!("/v1/files/{}/uploaded", id(&file));
    let wrong = [etag.clone(), "\"made-up\"".to_owned()];
    let asked = completion(&file, &parts, &wrong);
    let (status, answer) = shop.sandbox.call(Method::POST, &path, asked).await;
    assert_eq!(status, 422, "{answer}");
    let said = &answer["detail"][0];
    let place = json!(["body", "parts", 1]);
    assert_eq!(
        (&said["loc"], &said["msg"]),
        (&place, &json!("This part was not uploaded."))
    );
    let none = shop.items("/v1/files/").await;
    assert!(none.is_empty(), "what is not whole is not listed: {none:?}");

    let taken = shop.sandbox.put(&announced[1], b"two").await;
    let etags = [etag, taken.headers()["etag"].to_str().unwrap().to_owned()];
    shop.post(&path, completion(&file, &parts, &etags)).await;
    // What is whole stays what it is.
    let late = shop.sandbox.put(&announced[1], b"two").await;
    assert_eq!(late.status(), 404);
    let asked = completion(&file, &parts, &etags);
    assert_eq!(shop.sandbox.call(Method::POST, &path, asked).await.0, 422);
}

#[tokio::test]
async fn a_picture_is_shown_with_its_product_and_to_anybody() {
    let shop = Shop::open().await;
    let sold = shop.upload(SOLD, "a.txt", &[b"a"]).await;
    let picture = shop.upload(PICTURE, "a b.png", &[b"\x89PNG"]).await;
    let had = shop.sandbox.fetch(&picture["public_url"]).await;
    assert_eq!(had.headers()["content-type"], "image/png");
    // It has the origin of the sandbox's pages, and may run nothing there.
    assert!(
        had.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("sandbox")
    );
    assert_eq!(had.bytes().await.unwrap(), &b"\x89PNG"[..]);
    let ask = |medias: Value| json!({"name": "Shown", "prices": [{"amount_type": "free"}], "medias": medias});
    let medias = json!([picture["id"], sold["id"]]);
    let (status, answer) = shop
        .sandbox
        .call(Method::POST, "/v1/products/", ask(medias))
        .await;
    assert_eq!(
        (status, &answer["detail"][0]["loc"]),
        (422, &json!(["body", "medias", 1]))
    );
    let product = shop
        .post("/v1/products/", ask(json!([picture["id"]])))
        .await;
    assert_eq!(product["medias"], json!([picture]));
    let checkout = shop
        .post("/v1/checkouts/", json!({"products": [product["id"]]}))
        .await;
    assert_eq!(checkout["product"]["medias"], json!([picture]));

    shop.delete(&format!("/v1/files/{}", id(&picture))).await;
    let product = shop.get(&format!("/v1/products/{}", id(&product))).await;
    assert_eq!(product["medias"], json!([]));
    assert_eq!(
        shop.sandbox.fetch(&picture["public_url"]).await.status(),
        403
    );
}

#[tokio::test]
async fn holders_have_what_the_benefit_holds_now() {
    let shop = Shop::open().await;
    let files = [
        shop.upload(SOLD, "a.txt", &[b"a"]).await,
        shop.upload(SOLD, "b.txt", &[b"b"]).await,
    ];
    let benefit = shop.selling(&[&files[0]]).await;
    let product = shop.free(Some("month"), &[&benefit]).await;
    let bought = shop.buy(&product, json!({})).await;
    let names = async || {
        let held = shop.downloads(&bought.customer).await;
        let name = |row: &Value| row["file"]["name"].as_str().unwrap().to_owned();
        let mut names: Vec<_> = held.iter().map(name).collect();
        names.sort();
        names
    };
    let hold = async |properties: Value| {
        let body = json!({"type": "downloadables", "properties": properties});
        shop.patch(&format!("/v1/benefits/{benefit}"), body).await;
        shop.settle().await;
    };
    assert_eq!(names().await, ["a.txt"]);
    let both = json!([files[0]["id"], files[1]["id"]]);
    hold(json!({ "files": both })).await;
    assert_eq!(names().await, ["a.txt", "b.txt"]);
    let archived = json!({(id(&files[0])): true});
    hold(json!({"files": both, "archived": archived})).await;
    assert_eq!(names().await, ["b.txt"]);
    hold(json!({ "files": both })).await;
    shop.delete(&format!("/v1/files/{}", id(&files[1]))).await;
    assert_eq!(names().await, ["a.txt"]);
    let subscription = shop.subscription(&bought).await;
    shop.delete(&format!("/v1/subscriptions/{subscription}"))
        .await;
    shop.settle().await;
    assert!(names().await.is_empty());
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_told_by_field() {
    let shop = Shop::open().await;
    let told = async |path: &str, body: Value| {
        let (status, answer) = shop.sandbox.call(Method::POST, path, body).await;
        assert_eq!(status, 422, "{answer}");
        answer["detail"][0]["loc"].clone()
    };
    let mut large = announcement(SOLD, "a.iso", &[b"a"]);
    large["size"] = json!(1_i64 << 40);
    assert_eq!(told("/v1/files/", large).await, json!(["body", "size"]));
    let mut digest = announcement(SOLD, "a.txt", &[b"a"]);
    digest["checksum_sha256_base64"] = json!("no digest");
    let place = json!(["body", "checksum_sha256_base64"]);
    assert_eq!(told("/v1/files/", digest).await, place);
    let text = announcement(("product_media", "text/plain"), "a.txt", &[b"a"]);
    let place = json!(["body", "product_media", "mime_type"]);
    assert_eq!(told("/v1/files/", text).await, place);
    let nobody = "00000000-0000-4000-8000-000000000000";
    let benefit = json!({"type": "downloadables", "description": "Files",
        "properties": {"files": [nobody]}});
    let place = json!(["body", "properties", "files", 0]);
    assert_eq!(told("/v1/benefits/", benefit).await, place);
}

#[tokio::test]
async fn only_its_seller_sees_a_file_and_renames_it() {
    let shop = Shop::open().await;
    let file = shop.upload(SOLD, "a.txt", &[b"a"]).await;
    let path = format!("/v1/files/{}", id(&file));
    let other = shop.sandbox.credentials.other_access_token.clone();
    for (method, body) in [
        (Method::PATCH, json!({"name": "b"})),
        (Method::DELETE, Value::Null),
    ] {
        let (status, _) = shop.as_(Some(&other), method, &path, body).await;
        assert_eq!(status, 404);
    }
    let list = shop
        .as_(Some(&other), Method::GET, "/v1/files/", Value::Null)
        .await;
    assert_eq!(list.1["items"], json!([]));
    let renamed = shop
        .patch(&path, json!({"name": "b.txt", "version": "2"}))
        .await;
    assert_eq!(
        (&renamed["name"], &renamed["version"]),
        (&json!("b.txt"), &json!("2"))
    );
    let same = shop
        .patch(&path, json!({"name": "", "version": null}))
        .await;
    assert_eq!(
        (&same["name"], &same["version"]),
        (&json!("b.txt"), &json!("2"))
    );
    let listed = shop.items(&format!("/v1/files/?ids={}", id(&file))).await;
    assert_eq!(listed, [same]);
}

#[tokio::test]
async fn a_kept_world_keeps_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop {
        sandbox: Running::start_in(folder.path()).await.unwrap(),
    };
    let every: Vec<u8> = (0..=255).collect();
    let picture = shop.upload(PICTURE, "a.png", &[&every]).await;
    let had = |url: &Value| {
        url.as_str()
            .unwrap()
            .split_once("/files/")
            .unwrap()
            .1
            .to_owned()
    };
    let path = format!("/files/{}", had(&picture["public_url"]));
    shop.sandbox.stop().await;
    let after = Running::start_in(folder.path()).await.unwrap();
    assert_eq!(after.get(&path).await.bytes().await.unwrap(), every);
    let list = read(
        after
            .request(Method::GET, "/v1/files/")
            .bearer_auth(&after.credentials.access_token),
    );
    assert_eq!(list.await.1["items"][0]["id"], picture["id"]);
}
