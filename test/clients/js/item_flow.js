// Documents one by one, patches, atomic batches and bulk.
"use strict";

const { all, assert, check, client, refused } = require("./checks.js");

const BULK_DOCUMENTS = 1500;
// Enough for five physical partitions.
const UNITS_OF_BULK = 30_000;

const cosmos = client();

async function life(items) {
  const created = await items.items.create({ id: "1", pk: "a", n: 1 });
  assert.equal(created.statusCode, 201);
  assert.ok(created.requestCharge > 0);
  for (const member of ["_rid", "_self", "_etag", "_ts", "_attachments"]) {
    assert.ok(created.resource[member], member);
  }
  await refused(409, undefined, () => items.items.create({ id: "1", pk: "a" }));
  const read = await items.item("1", "a").read();
  assert.equal(read.statusCode, 200);
  assert.deepEqual(read.resource, created.resource);
  assert.equal(read.etag, created.resource._etag);
  const replaced = await items.item("1", "a").replace({ id: "1", pk: "a", n: 2 });
  assert.equal(replaced.statusCode, 200);
  assert.equal(replaced.resource._rid, created.resource._rid);
  assert.notEqual(replaced.etag, created.etag);
  assert.equal((await items.items.upsert({ id: "1", pk: "a", n: 3 })).statusCode, 200);
  assert.equal((await items.items.upsert({ id: "2", pk: "a", n: 3 })).statusCode, 201);
  assert.equal((await items.item("1", "a").delete()).statusCode, 204);
  await refused(404, undefined, () => items.item("1", "a").delete());
  await refused(404, undefined, () => items.item("1", "a").replace({ id: "1", pk: "a" }));
  const missing = await items.item("1", "a").read();
  assert.deepEqual([missing.statusCode, missing.resource], [404, undefined]);
}

async function etags(items) {
  const { resource } = await items.items.create({ id: "etag", pk: "a" });
  const item = items.item("etag", "a");
  const condition = (type, value) => ({ accessCondition: { type, condition: value } });
  assert.equal((await item.read(condition("IfNoneMatch", resource._etag))).statusCode, 304);
  const { resource: next } = await item.replace(
    { ...resource, n: 1 },
    condition("IfMatch", resource._etag),
  );
  await refused(412, undefined, () => item.replace(resource, condition("IfMatch", resource._etag)));
  await refused(412, undefined, () => item.delete(condition("IfMatch", resource._etag)));
  await refused(412, undefined, () =>
    items.items.upsert(resource, condition("IfMatch", resource._etag)),
  );
  assert.equal((await item.delete(condition("IfMatch", next._etag))).statusCode, 204);
  const upserted = await items.items.upsert(
    { id: "etag", pk: "a" },
    condition("IfMatch", next._etag),
  );
  assert.equal(upserted.statusCode, 201, "a document that is not there has no etag to differ");
}

async function keyTypes(items) {
  const keys = ["text", "ünï€", 5, -1.5, 0, true, false, null];
  for (const pk of keys) {
    await items.items.create({ id: "typed", pk });
    assert.equal((await items.item("typed", pk).read()).resource.pk, pk);
    assert.equal(
      (await all(items, "SELECT * FROM c WHERE c.id = 'typed'", { partitionKey: pk })).length,
      1,
    );
  }
  await items.items.create({ id: "typed" });
  const none = await items.item("typed", undefined).read();
  assert.equal(none.resource.pk, undefined);
  assert.equal((await all(items, "SELECT * FROM c WHERE c.id = 'typed'")).length, keys.length + 1);
}

async function refusals(items) {
  for (const id of ["a/b", "a\\b", "x".repeat(1024)]) {
    await assert.rejects(items.items.create({ id, pk: "a" }), undefined, id.slice(0, 5));
  }
  await refused(413, undefined, () =>
    items.items.create({ id: "big", pk: "a", text: "x".repeat(2_200_000) }),
  );
  await refused(400, undefined, () => items.items.create({ id: "ttl", pk: "a", ttl: 0 }));
}

async function uniqueKeys(database) {
  const { container } = await database.containers.create({
    id: "unique",
    partitionKey: "/pk",
    uniqueKeyPolicy: { uniqueKeys: [{ paths: ["/email"] }] },
  });
  await container.items.create({ id: "1", pk: "a", email: "x" });
  await refused(409, 3301, () => container.items.create({ id: "2", pk: "a", email: "x" }));
  await container.items.create({ id: "2", pk: "b", email: "x" });
  await container.items.create({ id: "3", pk: "a", email: "y" });
  await refused(409, 3301, () =>
    container.item("3", "a").replace({ id: "3", pk: "a", email: "x" }),
  );
}

async function timeToLive(database) {
  const { container } = await database.containers.create({
    id: "ttl",
    partitionKey: "/pk",
    defaultTtl: -1,
  });
  await container.items.create({ id: "short", pk: "a", ttl: 1 });
  await container.items.create({ id: "long", pk: "a" });
  const gone = async () => (await all(container, "SELECT VALUE c.id FROM c")).length === 1;
  const end = Date.now() + 10_000;
  while (!(await gone())) assert.ok(Date.now() < end, "still there");
  assert.equal((await container.item("short", "a").read()).statusCode, 404);
}

async function patches(items) {
  await items.items.create({ id: "patch", pk: "a", n: 1, list: [1, 2], sub: { x: 1 }, old: true });
  const { resource, statusCode } = await items.item("patch", "a").patch([
    { op: "add", path: "/list/1", value: 9 },
    { op: "add", path: "/list/-", value: 7 },
    { op: "set", path: "/sub/y", value: { deep: null } },
    { op: "replace", path: "/sub/x", value: "two" },
    { op: "incr", path: "/n", value: 4.5 },
    { op: "incr", path: "/fresh", value: 2 },
    { op: "remove", path: "/old" },
    { op: "move", from: "/list/0", path: "/first" },
  ]);
  assert.equal(statusCode, 200);
  const { id, pk, n, list, sub, fresh, first, old } = resource;
  assert.deepEqual(
    { id, pk, n, list, sub, fresh, first, old },
    {
      id: "patch",
      pk: "a",
      n: 5.5,
      list: [9, 2, 7],
      sub: { x: "two", y: { deep: null } },
      fresh: 2,
      first: 1,
      old: undefined,
    },
  );
}

async function patchConditions(items) {
  await items.items.upsert({ id: "patch", pk: "a", n: 1 });
  const item = items.item("patch", "a");
  const operations = [{ op: "set", path: "/n", value: 2 }];
  await refused(412, 1110, () => item.patch({ condition: "FROM c WHERE c.n > 5", operations }));
  assert.equal((await item.patch({ condition: "from c where c.n = 1", operations })).resource.n, 2);
  await refused(404, undefined, () => items.item("nobody", "a").patch(operations));
}

async function patchRefusals(items) {
  const { resource } = await items.items.upsert({ id: "patch", pk: "a", n: "text" });
  const item = items.item("patch", "a");
  for (const operation of [
    { op: "replace", path: "/missing", value: 1 },
    { op: "remove", path: "/missing" },
    { op: "incr", path: "/n", value: 1 },
    { op: "set", path: "/no/parent", value: 1 },
    { op: "set", path: "/id", value: "other" },
    { op: "set", path: "/pk", value: "other" },
    { op: "set", path: "/_ts", value: 1 },
  ]) {
    await refused(400, undefined, () =>
      item.patch([{ op: "set", path: "/half", value: 1 }, operation]),
    );
  }
  const many = Array.from({ length: 11 }, (_, i) => ({ op: "set", path: `/p${i}`, value: i }));
  await refused(400, undefined, () => item.patch(many));
  assert.equal(
    (await item.read()).resource._etag,
    resource._etag,
    "nothing of a refused patch is done",
  );
}

async function batchDone(items) {
  const { resource } = await items.items.create({ id: "b0", pk: "batch", n: 0 });
  const { result, code } = await items.items.batch(
    [
      { operationType: "Create", resourceBody: { id: "b1", pk: "batch" } },
      { operationType: "Upsert", resourceBody: { id: "b2", pk: "batch" } },
      { operationType: "Read", id: "b1" },
      {
        operationType: "Replace",
        id: "b0",
        resourceBody: { id: "b0", pk: "batch", n: 1 },
        ifMatch: resource._etag,
      },
      {
        operationType: "Patch",
        id: "b2",
        resourceBody: { operations: [{ op: "set", path: "/n", value: 5 }] },
      },
      { operationType: "Delete", id: "b1" },
    ],
    "batch",
  );
  assert.equal(code, 200);
  assert.deepEqual(
    result.map((one) => one.statusCode),
    [201, 201, 200, 200, 200, 204],
  );
  assert.equal(result[2].resourceBody.id, "b1");
  assert.ok(result.every((one) => one.requestCharge > 0));
  const left = await all(items, "SELECT VALUE c.n FROM c ORDER BY c.id", { partitionKey: "batch" });
  assert.deepEqual(left, [1, 5]);
}

async function batchRolledBack(items) {
  const before = await all(items, "SELECT * FROM c", { partitionKey: "batch" });
  const { result, code } = await items.items.batch(
    [
      { operationType: "Create", resourceBody: { id: "new", pk: "batch" } },
      { operationType: "Delete", id: "b2" },
      { operationType: "Create", resourceBody: { id: "b0", pk: "batch" } },
      { operationType: "Upsert", resourceBody: { id: "b3", pk: "batch" } },
    ],
    "batch",
  );
  assert.equal(code, 207);
  assert.deepEqual(
    result.map((one) => one.statusCode),
    [424, 424, 409, 424],
  );
  assert.deepEqual(await all(items, "SELECT * FROM c", { partitionKey: "batch" }), before);
}

async function bulk(database) {
  const { container } = await database.containers.create({
    id: "bulk",
    partitionKey: { paths: ["/pk"], version: 2 },
    throughput: UNITS_OF_BULK,
  });
  const documents = Array.from({ length: BULK_DOCUMENTS }, (_, i) => ({
    id: `${i}`,
    pk: `k${i % 90}`,
    n: i,
  }));
  const writes = await container.items.executeBulkOperations(
    documents.map((resourceBody) => ({
      operationType: "Create",
      partitionKey: resourceBody.pk,
      resourceBody,
    })),
  );
  assert.equal(writes.length, BULK_DOCUMENTS);
  for (const [i, { response, error }] of writes.entries()) {
    assert.equal(error, undefined, error && error.message);
    assert.equal(response.statusCode, 201);
    assert.equal(response.resourceBody.n, i, "results come in the order of the operations");
  }
  const [{ n, count }] = await all(container, "SELECT SUM(c.n) AS n, COUNT(1) AS count FROM c");
  assert.deepEqual([n, count], [(BULK_DOCUMENTS * (BULK_DOCUMENTS - 1)) / 2, BULK_DOCUMENTS]);
  return container;
}

async function bulkOfAllKinds(container) {
  const key = (i) => `k${i % 90}`;
  const { resource } = await container.item("3", key(3)).read();
  const results = await container.items.executeBulkOperations([
    { operationType: "Read", id: "0", partitionKey: key(0) },
    { operationType: "Delete", id: "1", partitionKey: key(1) },
    { operationType: "Upsert", partitionKey: key(2), resourceBody: { id: "2", pk: key(2), n: -2 } },
    {
      operationType: "Replace",
      id: "3",
      partitionKey: key(3),
      ifMatch: resource._etag,
      resourceBody: { id: "3", pk: key(3), n: -3 },
    },
    {
      operationType: "Patch",
      id: "4",
      partitionKey: key(4),
      resourceBody: { operations: [{ op: "incr", path: "/n", value: -8 }] },
    },
    { operationType: "Create", partitionKey: key(5), resourceBody: { id: "5", pk: key(5) } },
    { operationType: "Delete", id: "none", partitionKey: key(6) },
    {
      operationType: "Replace",
      id: "7",
      partitionKey: key(7),
      ifMatch: resource._etag,
      resourceBody: { id: "7", pk: key(7) },
    },
    { operationType: "Upsert", partitionKey: "wrong", resourceBody: { id: "8", pk: "right" } },
  ]);
  const codes = results.map(({ response, error }) => (response ? response.statusCode : error.code));
  assert.deepEqual(codes, [200, 204, 200, 200, 200, 409, 404, 412, 400]);
  assert.equal(results[4].response.resourceBody.n, -4);
}

async function minimalReturn(container) {
  const [{ response }] = await container.items.executeBulkOperations(
    [{ operationType: "Upsert", partitionKey: "m", resourceBody: { id: "m", pk: "m" } }],
    { contentResponseOnWriteEnabled: false },
  );
  assert.equal(response.statusCode, 201);
  assert.equal(response.resourceBody, undefined);
}

async function deletePartitionKey(container) {
  const before = (await all(container, "SELECT VALUE COUNT(1) FROM c"))[0];
  const inKey = (await all(container, "SELECT VALUE COUNT(1) FROM c", { partitionKey: "k10" }))[0];
  assert.ok(inKey > 1);
  await container.deleteAllItemsForPartitionKey("k10");
  assert.deepEqual(await all(container, "SELECT * FROM c", { partitionKey: "k10" }), []);
  assert.deepEqual(await all(container, "SELECT VALUE COUNT(1) FROM c"), [before - inKey]);
}

module.exports = async function itemFlow() {
  const { database } = await cosmos.databases.createIfNotExists({ id: "items" });
  const { container: items } = await database.containers.create({
    id: "items",
    partitionKey: { paths: ["/pk"], version: 2 },
    throughput: 20_000,
  });
  await check("items: create, read, replace, upsert, delete", () => life(items));
  await check("items: conditions on etags", () => etags(items));
  await check("items: keys of every type, and none", () => keyTypes(items));
  await check("items: what is refused", () => refusals(items));
  await check("items: unique keys", () => uniqueKeys(database));
  await check("items: expire", () => timeToLive(database));
  await check("patch: all operations", () => patches(items));
  await check("patch: conditions", () => patchConditions(items));
  await check("patch: all or nothing", () => patchRefusals(items));
  await check("batch: done as one", () => batchDone(items));
  await check("batch: rolled back as one", () => batchRolledBack(items));
  await check("bulk: over all ranges", async () => {
    await bulk(database);
  });
  const container = database.container("bulk");
  await check("bulk: all kinds, each with a result of its own", () => bulkOfAllKinds(container));
  await check("bulk: minimal return", () => minimalReturn(container));
  await check("items: delete by partition key", () => deletePartitionKey(container));
  await database.delete();
};
