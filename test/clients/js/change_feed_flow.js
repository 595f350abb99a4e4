// The change feed, pulled: where it starts, what it covers, and all versions and deletes.
"use strict";

const {
  ChangeFeedMode,
  ChangeFeedPolicy,
  ChangeFeedRetentionTimeSpan,
  ChangeFeedStartFrom,
} = require("@azure/cosmos");
const { assert, check, client } = require("./checks.js");

const cosmos = client();
const DOCUMENTS = 60;

// Changes until the feed says that there is nothing new.
async function drain(container, options) {
  const iterator = container.items.getChangeFeedIterator({ maxItemCount: 7, ...options });
  const changes = [];
  let continuation;
  let quiet = 0;
  // Every range says for itself that it has nothing new.
  while (quiet < 20) {
    const page = await iterator.readNext();
    quiet = page.statusCode === 304 ? quiet + 1 : 0;
    if (page.statusCode !== 304) changes.push(...page.result);
    continuation = page.continuationToken;
  }
  return { changes, continuation };
}

const ids = (changes) => changes.map((change) => change.id).sort();

async function fromTheBeginning(container) {
  const { changes } = await drain(container, {
    changeFeedStartFrom: ChangeFeedStartFrom.Beginning(),
  });
  assert.equal(changes.length, DOCUMENTS);
  assert.equal(new Set(ids(changes)).size, DOCUMENTS);
}

async function latestVersionOnly(container) {
  const { continuation } = await drain(container, {
    changeFeedStartFrom: ChangeFeedStartFrom.Beginning(),
  });
  for (const n of [1, 2]) await container.items.upsert({ id: "d1", pk: "p1", n });
  await container.items.create({ id: "gone", pk: "p1" });
  await container.item("gone", "p1").delete();
  const { changes } = await drain(container, {
    changeFeedStartFrom: ChangeFeedStartFrom.Continuation(continuation),
  });
  assert.deepEqual(
    changes.map(({ id, n }) => [id, n]),
    [["d1", 2]],
  );
}

async function fromNow(container) {
  const { changes, continuation } = await drain(container, {
    changeFeedStartFrom: ChangeFeedStartFrom.Now(),
  });
  assert.deepEqual(changes, []);
  await container.items.upsert({ id: "d2", pk: "p2", n: "new" });
  const next = await drain(container, {
    changeFeedStartFrom: ChangeFeedStartFrom.Continuation(continuation),
  });
  assert.deepEqual(ids(next.changes), ["d2"]);
}

async function fromATime(container) {
  await new Promise((resolve) => setTimeout(resolve, 2100));
  const start = new Date();
  await container.items.upsert({ id: "d3", pk: "p3", n: "late" });
  const { changes } = await drain(container, {
    changeFeedStartFrom: ChangeFeedStartFrom.Time(start),
  });
  assert.deepEqual(ids(changes), ["d3"]);
}

async function ofOneKey(container) {
  const { changes } = await drain(container, {
    changeFeedStartFrom: ChangeFeedStartFrom.Beginning("p5"),
  });
  assert.deepEqual(ids(changes), ["d25", "d45", "d5"]);
}

async function ofEachRange(container) {
  const found = [];
  const feedRanges = await container.getFeedRanges();
  for (const range of feedRanges) {
    const { changes } = await drain(container, {
      changeFeedStartFrom: ChangeFeedStartFrom.Beginning(range),
    });
    found.push(...ids(changes));
  }
  assert.ok(feedRanges.length > 1);
  assert.equal(found.length, DOCUMENTS);
  assert.equal(new Set(found).size, DOCUMENTS);
}

async function allVersions(database) {
  const { container } = await database.containers.create({
    id: "versions",
    partitionKey: { paths: ["/pk"], version: 2 },
    changeFeedPolicy: new ChangeFeedPolicy(ChangeFeedRetentionTimeSpan.fromMinutes(10)),
  });
  const options = { changeFeedMode: ChangeFeedMode.AllVersionsAndDeletes };
  const { continuation } = await drain(container, {
    ...options,
    changeFeedStartFrom: ChangeFeedStartFrom.Now(),
  });
  await container.items.create({ id: "v", pk: "a", n: 1 });
  await container.items.upsert({ id: "v", pk: "a", n: 2 });
  await container.item("v", "a").delete();
  const { changes } = await drain(container, {
    ...options,
    changeFeedStartFrom: ChangeFeedStartFrom.Continuation(continuation),
  });
  assert.deepEqual(
    changes.map((change) => change.metadata.operationType),
    ["create", "replace", "delete"],
  );
  assert.deepEqual(
    changes.map((change) => change.current && change.current.n),
    [1, 2, undefined],
  );
  for (const { metadata } of changes) assert.ok(metadata.lsn > 0 && metadata.crts > 0);
}

module.exports = async function changeFeedFlow() {
  const { database } = await cosmos.databases.createIfNotExists({ id: "feed" });
  const { container } = await database.containers.create({
    id: "feed",
    partitionKey: { paths: ["/pk"], version: 2 },
    throughput: 18_000,
  });
  for (let n = 0; n < DOCUMENTS; ++n)
    await container.items.create({ id: `d${n}`, pk: `p${n % 20}`, n });
  await check("change feed: from the beginning", () => fromTheBeginning(container));
  await check("change feed: of one key", () => ofOneKey(container));
  await check("change feed: of each range", () => ofEachRange(container));
  await check("change feed: the latest version, no deletes", () => latestVersionOnly(container));
  await check("change feed: from now", () => fromNow(container));
  await check("change feed: from a time", () => fromATime(container));
  await check("change feed: all versions and deletes", () => allVersions(database));
  await database.delete();
};
