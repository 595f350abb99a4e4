//! The whole surface of azure_data_cosmos. rust-client-flow ENDPOINT KEY
#![allow(clippy::large_futures)]

use azure_core::credentials::Secret;
use azure_core::http::Etag;
use azure_data_cosmos::clients::{ContainerClient, DatabaseClient};
use azure_data_cosmos::feed::FeedScope;
use azure_data_cosmos::models::{
    ContainerProperties, CosmosNumber, PatchInstructions, PatchOperation, ThroughputProperties,
    TransactionalBatch,
};
use azure_data_cosmos::options::{
    BatchOptions, BinaryEncodingOptions, ChangeFeedStartFrom, ContentResponseOnWrite,
    CreateContainerOptions, ItemWriteOptions, OperationOptionsBuilder,
    PatchItemOptions, PatchStrategy, Precondition, Region,
};
use azure_data_cosmos::{
    AccountReference, CosmosClient, PartitionKey, Query, RoutingStrategy,
};
use futures::{FutureExt, StreamExt, TryStreamExt};
use serde_json::{json, Value};
use std::error::Error;
use std::future::Future;

type Outcome = Result<(), Box<dyn Error>>;

const DOCUMENTS: usize = 60;
const UNITS_OF_SEVERAL_RANGES: u64 = 24_000;

async fn check(name: &str, body: impl Future<Output = Outcome>) {
    let failure = match std::panic::AssertUnwindSafe(body).catch_unwind().await {
        Ok(Ok(())) => Value::Null,
        Ok(Err(error)) => json!(error.to_string()),
        Err(panic) => json!(panic
            .downcast_ref::<String>()
            .cloned()
            .or(panic.downcast_ref::<&str>().map(|text| text.to_string()))
            .unwrap_or_default()),
    };
    println!("{{\"name\":{},\"failure\":{}}}", json!(name), failure);
}

/// Asserts that a call is refused with a status.
fn refused<T>(status: u16, result: azure_data_cosmos::Result<T>) {
    match result {
        Ok(_) => panic!("expected {status}, but it was done"),
        Err(error) => assert_eq!(status, u16::from(error.status().status_code()), "{error}"),
    }
}

async fn client(endpoint: &str, key: &str) -> Result<CosmosClient, Box<dyn Error>> {
    let account =
        AccountReference::with_authentication_key(endpoint.parse()?, Secret::from(key.to_string()));
    Ok(CosmosClient::builder()
        .with_binary_encoding_options(BinaryEncodingOptions::new().with_enabled(false))
        .build(account, RoutingStrategy::ProximityTo(Region::EAST_US_2))
        .await?)
}

async fn container(
    database: &DatabaseClient,
    name: &str,
    units: u64,
) -> Result<ContainerClient, Box<dyn Error>> {
    let properties = ContainerProperties::new(name.to_string(), "/pk".into());
    let options =
        CreateContainerOptions::default().with_throughput(ThroughputProperties::manual(units));
    database.create_container(properties, Some(options)).await?;
    Ok(database.container_client(name, None).await?)
}

fn document(id: &str, pk: &str, number: usize) -> Value {
    json!({"id": id, "pk": pk, "number": number})
}

async fn resources(client: &CosmosClient) {
    check("database: create, read, delete", async {
        client.create_database("gone", None).await?;
        refused(409, client.create_database("gone", None).await);
        let database = client.database_client("gone");
        assert_eq!(
            Some("gone"),
            database.read(None).await?.into_model()?.id.as_deref()
        );
        database.delete(None).await?;
        refused(404, database.read(None).await);
        Ok(())
    })
    .await;
    let database = client.database_client("resources");
    check("container: create, read, replace, delete", async {
        client.create_database("resources", None).await?;
        let made = container(&database, "made", 400).await?;
        let mut properties = made.read(None).await?.into_model()?;
        assert_eq!("/pk", properties.partition_key.paths()[0].as_ref());
        properties = properties.with_default_ttl(azure_data_cosmos::models::TimeToLive::Forever);
        made.replace(properties, None).await?;
        made.delete(None).await?;
        Ok(())
    })
    .await;
    check("throughput: manual, autoscale with its increment", async {
        let made = container(&database, "manual", 1000).await?;
        let read = made
            .read_throughput(None)
            .await?
            .expect("it has throughput");
        assert_eq!(Some(1000), read.throughput());
        let poller = made.begin_replace_throughput(ThroughputProperties::manual(2000), None);
        let replaced = poller.await?.await?.into_model()?;
        assert_eq!(Some(2000), replaced.throughput());
        let options = CreateContainerOptions::default()
            .with_throughput(ThroughputProperties::autoscale(4000, Some(10)));
        let properties = ContainerProperties::new("autoscale", "/pk".into());
        database.create_container(properties, Some(options)).await?;
        let autoscale = database.container_client("autoscale", None).await?;
        let read = autoscale
            .read_throughput(None)
            .await?
            .expect("it has throughput");
        assert_eq!(Some(4000), read.autoscale_maximum());
        assert_eq!(Some(10), read.autoscale_increment());
        Ok(())
    })
    .await;
}

async fn items(client: &CosmosClient) -> Outcome {
    client.create_database("items", None).await?;
    let made = container(&client.database_client("items"), "items", 10_000).await?;
    check("items: create, read, upsert, replace, delete", async {
        made.create_item("p", "1", document("1", "p", 1), None)
            .await?;
        refused(
            409,
            made.create_item("p", "1", document("1", "p", 1), None)
                .await,
        );
        made.upsert_item("p", "1", document("1", "p", 2), None)
            .await?;
        made.replace_item("p", "1", document("1", "p", 3), None)
            .await?;
        let found: Value = made.read_item("p", "1", None).await?.into_model()?;
        assert_eq!(3, found["number"]);
        made.delete_item("p", "1", None).await?;
        refused(404, made.read_item("p", "1", None).await);
        Ok(())
    })
    .await;
    check("items: conditions on etags", async {
        made.upsert_item("p", "etag", document("etag", "p", 1), None)
            .await?;
        let found: Value = made.read_item("p", "etag", None).await?.into_model()?;
        let if_match = |etag: &str| {
            let condition = Precondition::if_match(Etag::from(etag.to_string()));
            Some(ItemWriteOptions::default().with_precondition(condition))
        };
        let etag = found["_etag"].as_str().expect("it has an etag").to_string();
        made.replace_item("p", "etag", document("etag", "p", 2), if_match(&etag))
            .await?;
        let old = made.replace_item("p", "etag", document("etag", "p", 3), if_match(&etag));
        refused(412, old.await);
        Ok(())
    })
    .await;
    check("items: keys of every type", async {
        let keys = [
            (PartitionKey::from(12), json!(12)),
            (PartitionKey::from(true), json!(true)),
            (PartitionKey::from(None::<String>), Value::Null),
        ];
        for (key, value) in keys {
            let item = json!({"id": "typed", "pk": value});
            made.create_item(key.clone(), "typed", item, None).await?;
            made.read_item(key, "typed", None).await?;
        }
        Ok(())
    })
    .await;
    check("patch: by the server", async {
        let item = json!({"id": "patch", "pk": "p", "number": 1, "old": 1, "tags": ["a"]});
        made.upsert_item("p", "patch", item, None).await?;
        let patch = PatchInstructions::new()
            .with_operation(PatchOperation::set("/fresh", json!(5)))
            .with_operation(PatchOperation::add("/tags/-", json!("b")))
            .with_operation(PatchOperation::remove("/old"))
            .with_operation(PatchOperation::increment(
                "/number",
                CosmosNumber::from(2i64),
            ));
        let options = PatchItemOptions::default().with_strategy(PatchStrategy::ServerSide);
        made.patch_item("p", "patch", patch, Some(options)).await?;
        let found: Value = made.read_item("p", "patch", None).await?.into_model()?;
        assert_eq!(
            (3, 5),
            (
                found["number"].as_i64().unwrap(),
                found["fresh"].as_i64().unwrap()
            )
        );
        assert_eq!(json!(["a", "b"]), found["tags"]);
        assert_eq!(Value::Null, found["old"]);
        Ok(())
    })
    .await;
    check("batch: done as one, and rolled back as one", async {
        let content = OperationOptionsBuilder::new()
            .with_content_response_on_write(ContentResponseOnWrite::Enabled)
            .build();
        let options = BatchOptions::default().with_operation_options(content);
        let batch = TransactionalBatch::new("batch")
            .create_item(document("1", "batch", 1))?
            .upsert_item(document("2", "batch", 2), None)?
            .read_item("1", None)
            .delete_item("2", None);
        let done = made
            .execute_transactional_batch(batch, Some(options))
            .await?
            .into_model()?;
        let statuses: Vec<u16> = done.results().iter().map(|one| one.status_code()).collect();
        assert_eq!(vec![201, 201, 200, 204], statuses);
        let batch = TransactionalBatch::new("batch")
            .create_item(document("3", "batch", 3))?
            .delete_item("not there", None);
        let failed = made
            .execute_transactional_batch(batch, None)
            .await?
            .into_model()?;
        let statuses: Vec<u16> = failed
            .results()
            .iter()
            .map(|one| one.status_code())
            .collect();
        assert_eq!(vec![424, 404], statuses);
        refused(404, made.read_item("batch", "3", None).await);
        Ok(())
    })
    .await;
    Ok(())
}

async fn rows(
    container: &ContainerClient,
    query: &'static str,
    scope: FeedScope,
) -> Result<Vec<Value>, Box<dyn Error>> {
    let found = container.query_items::<Value>(query, scope, None).await?;
    Ok(found.try_collect().await?)
}

async fn queries(client: &CosmosClient) -> Outcome {
    client.create_database("queries", None).await?;
    let database = client.database_client("queries");
    let made = container(&database, "queries", UNITS_OF_SEVERAL_RANGES).await?;
    for number in 0..DOCUMENTS {
        let (id, pk) = (number.to_string(), format!("k{number}"));
        made.create_item(pk.clone(), &id, document(&id, &pk, number), None)
            .await?;
    }
    check("query: filter and parameters", async {
        let query =
            Query::from("SELECT * FROM c WHERE c.number < @most").with_parameter("@most", 9)?;
        let scope = FeedScope::full_container();
        let found: Vec<Value> = made
            .query_items::<Value>(query, scope, None)
            .await?
            .try_collect()
            .await?;
        assert_eq!(9, found.len());
        let one = rows(&made, "SELECT * FROM c", FeedScope::partition("k5")).await?;
        assert_eq!(1, one.len());
        Ok(())
    })
    .await;
    check("query: ORDER BY over ranges", async {
        let query = "SELECT VALUE c.number FROM c ORDER BY c.number DESC";
        let found = rows(&made, query, FeedScope::full_container()).await?;
        let wanted: Vec<Value> = (0..DOCUMENTS).rev().map(|number| json!(number)).collect();
        assert_eq!(wanted, found);
        Ok(())
    })
    .await;
    check("feed ranges: together everything", async {
        let ranges = made.read_feed_ranges(None).await?;
        assert!(ranges.len() > 1);
        let mut found = 0;
        for range in ranges {
            found += rows(&made, "SELECT * FROM c", FeedScope::range(range))
                .await?
                .len();
        }
        assert_eq!(DOCUMENTS, found);
        Ok(())
    })
    .await;
    check(
        "change feed: from the beginning, until nothing is new",
        async {
            let scope = FeedScope::full_container();
            let mut pages = made
                .query_change_feed::<Value>(scope, ChangeFeedStartFrom::Beginning, None)
                .await?;
            let mut found = 0;
            while let Some(page) = pages.next().await {
                let count = page?.items().len();
                found += count;
                if count == 0 && found >= DOCUMENTS {
                    break;
                }
            }
            assert_eq!(DOCUMENTS, found);
            Ok(())
        },
    )
    .await;
    Ok(())
}

async fn limits(client: &CosmosClient, endpoint: &str) -> Outcome {
    client.create_database("limits", None).await?;
    let made = container(&client.database_client("limits"), "limits", 400).await?;
    check("throttling: waited out by the client", async {
        let text = "x".repeat(100_000);
        for number in 0..20 {
            let item = json!({"id": number.to_string(), "pk": "p", "text": text});
            made.upsert_item("p", &number.to_string(), item, None)
                .await?;
        }
        Ok(())
    })
    .await;
    check("keys: a wrong one is refused", async {
        let wrong = "A".repeat(86) + "==";
        let error = self::client(endpoint, &wrong)
            .await
            .err()
            .expect("refused")
            .to_string();
        assert!(error.contains("401"), "{error}");
        Ok(())
    })
    .await;
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().collect();
    let client = client(&arguments[1], &arguments[2]).await?;
    resources(&client).await;
    items(&client).await?;
    queries(&client).await?;
    limits(&client, &arguments[1]).await
}
