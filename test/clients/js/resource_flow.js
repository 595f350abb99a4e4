// Account, databases, containers and throughput.
"use strict";

const { all, assert, check, client, refused } = require("./checks.js");

const cosmos = client();

async function account() {
  const { resource } = await cosmos.getDatabaseAccount();
  assert.equal(resource.consistencyPolicy, "Session");
  assert.equal(resource.enableMultipleWritableLocations, false);
  assert.equal(await cosmos.getWriteEndpoint(), process.argv[2]);
}

async function databases() {
  const created = await cosmos.databases.create({ id: "life" });
  assert.equal(created.statusCode, 201);
  await refused(409, undefined, () => cosmos.databases.create({ id: "life" }));
  await refused(400, undefined, () => cosmos.databases.create({ id: "a".repeat(256) }));
  const again = await cosmos.databases.createIfNotExists({ id: "life" });
  assert.equal(again.statusCode, 200);
  const { resources } = await cosmos.databases
    .query("SELECT * FROM r WHERE r.id = 'life'")
    .fetchAll();
  assert.equal(resources[0]._rid, created.resource._rid);
  const listed = (await cosmos.databases.readAll().fetchAll()).resources.map((found) => found.id);
  assert.ok(listed.includes("life"));
  assert.equal((await cosmos.database("life").delete()).statusCode, 204);
  await refused(404, undefined, () => cosmos.database("life").read());
}

async function namesOfAllKinds() {
  for (const id of ["a space", "ümläut €", "quote\"s'", "per%cent", "plus+and&"]) {
    const { database } = await cosmos.databases.create({ id });
    const { container } = await database.containers.create({ id, partitionKey: "/pk" });
    await container.items.create({ id, pk: id });
    const { resource } = await container.item(id, id).read();
    assert.equal(resource.pk, id);
    assert.deepEqual(await all(container, `SELECT VALUE c.id FROM c`), [id]);
    await database.delete();
  }
}

async function containerDefaults(database) {
  const { resource } = await database.containers.create({ id: "plain", partitionKey: "/pk" });
  assert.deepEqual(resource.indexingPolicy, {
    indexingMode: "consistent",
    automatic: true,
    includedPaths: [{ path: "/*" }],
    excludedPaths: [{ path: '/"_etag"/?' }],
  });
  assert.deepEqual(resource.geospatialConfig, { type: "Geography" });
  assert.equal(resource.conflictResolutionPolicy.mode, "LastWriterWins");
  assert.equal(resource.conflictResolutionPolicy.conflictResolutionPath, "/_ts");
  for (const member of ["_rid", "_ts", "_self", "_etag"]) assert.ok(resource[member], member);
  assert.equal(resource._docs, "docs/");
}

async function containerLife(database) {
  const definition = {
    id: "life",
    partitionKey: { paths: ["/pk"], kind: "Hash", version: 2 },
    defaultTtl: 100,
    uniqueKeyPolicy: { uniqueKeys: [{ paths: ["/email"] }] },
    indexingPolicy: { indexingMode: "none", automatic: false },
  };
  const { container, resource } = await database.containers.create(definition);
  assert.equal(resource.defaultTtl, 100);
  assert.equal(resource.indexingPolicy.indexingMode, "none");
  const replaced = await container.replace({
    ...resource,
    defaultTtl: -1,
    indexingPolicy: undefined,
  });
  assert.equal(replaced.resource.defaultTtl, -1);
  assert.equal(replaced.resource.indexingPolicy.indexingMode, "consistent");
  assert.notEqual(replaced.resource._etag, resource._etag);
  const other = { ...resource, partitionKey: { paths: ["/other"], kind: "Hash", version: 2 } };
  await refused(400, undefined, () => container.replace(other));
  await refused(409, undefined, () => database.containers.create(definition));
  const found = await database.containers
    .query("SELECT VALUE r.id FROM r WHERE r.id = 'life'")
    .fetchAll();
  assert.deepEqual(found.resources, ["life"]);
  assert.equal((await container.delete()).statusCode, 204);
  await refused(404, undefined, () => container.read());
  await refused(404, 1003, () => container.items.create({ id: "1", pk: "a" }));
}

async function hierarchicalKeys(database) {
  const partitionKey = { paths: ["/tenant", "/user"], kind: "MultiHash", version: 2 };
  const { container } = await database.containers.create({ id: "levels", partitionKey });
  for (const [tenant, user] of [
    ["a", 1],
    ["a", 2],
    ["b", 1],
  ]) {
    await container.items.create({ id: "same", tenant, user });
  }
  assert.equal((await container.item("same", ["a", 2]).read()).resource.user, 2);
  await refused(409, undefined, () => container.items.create({ id: "same", tenant: "a", user: 1 }));
  assert.equal((await all(container, "SELECT * FROM c", { partitionKey: ["a"] })).length, 2);
  assert.equal((await all(container, "SELECT * FROM c")).length, 3);
}

async function ranges(database) {
  const { container } = await database.containers.create({
    id: "wide",
    partitionKey: { paths: ["/pk"], version: 2 },
    throughput: 25_100,
  });
  const { resources } = await container.readPartitionKeyRanges().fetchAll();
  assert.equal(resources.length, 5);
  assert.equal(resources[0].minInclusive, "");
  assert.equal(resources[4].maxExclusive, "FF");
  for (let i = 1; i < 5; ++i)
    assert.equal(resources[i].minInclusive, resources[i - 1].maxExclusive);
  assert.equal((await container.getFeedRanges()).length, 5);
  const { headers } = await container.read({ populateQuotaInfo: true });
  assert.match(headers["x-ms-resource-usage"], /documentsCount=0;/);
}

async function manualOffer(database) {
  const { container } = await database.containers.create({
    id: "manual",
    partitionKey: "/pk",
    throughput: 500,
  });
  const { offer, resource } = await container.readOffer();
  assert.equal(resource.content.offerThroughput, 500);
  assert.equal(resource.offerVersion, "V2");
  const faster = { ...resource, content: { ...resource.content, offerThroughput: 1000 } };
  assert.equal((await offer.replace(faster)).resource.content.offerThroughput, 1000);
  const read = await offer.read();
  assert.equal(read.resource.content.offerThroughput, 1000);
  assert.equal(read.headers["x-ms-cosmos-min-throughput"], "400");
  for (const units of [300, 450]) {
    const wrong = { ...resource, content: { ...resource.content, offerThroughput: units } };
    await refused(400, undefined, () => offer.replace(wrong));
  }
}

async function autoscaleOffer(database) {
  const { container } = await database.containers.create({
    id: "auto",
    partitionKey: "/pk",
    maxThroughput: 4000,
  });
  const { offer, resource } = await container.readOffer();
  assert.equal(resource.content.offerAutopilotSettings.maxThroughput, 4000);
  const faster = {
    ...resource,
    content: { ...resource.content, offerAutopilotSettings: { maxThroughput: 6000 } },
  };
  const { resource: replaced } = await offer.replace(faster);
  assert.equal(replaced.content.offerAutopilotSettings.maxThroughput, 6000);
}

async function sharedOffer() {
  const { database } = await cosmos.databases.create({ id: "shared", throughput: 400 });
  const { container } = await database.containers.create({ id: "guest", partitionKey: "/pk" });
  assert.equal((await database.readOffer()).resource.content.offerThroughput, 400);
  assert.equal((await container.readOffer()).resource, undefined);
  const listed = (await cosmos.offers.readAll().fetchAll()).resources;
  assert.equal(listed.filter((offer) => offer.resource === database.url).length, 0);
  assert.ok(listed.some((offer) => offer.content.offerThroughput === 400));
  await database.delete();
}

async function wrongKey() {
  const stranger = client({ key: Buffer.from("another key").toString("base64") });
  await refused(401, undefined, () => stranger.databases.readAll().fetchAll());
}

module.exports = async function resourceFlow() {
  await check("account: read", account);
  await check("account: a wrong key is refused", wrongKey);
  await check("databases: create, query, list, delete", databases);
  await check("names of all kinds", namesOfAllKinds);
  const { database } = await cosmos.databases.createIfNotExists({ id: "resources" });
  await check("containers: the service's defaults", () => containerDefaults(database));
  await check("containers: create, replace, query, delete", () => containerLife(database));
  await check("containers: hierarchical keys", () => hierarchicalKeys(database));
  await check("containers: ranges by throughput", () => ranges(database));
  await check("offers: manual", () => manualOffer(database));
  await check("offers: autoscale", () => autoscaleOffer(database));
  await check("offers: shared by a database", sharedOffer);
  await database.delete();
};
