// Throttling with the client's retries, and session consistency.
"use strict";

const { assert, check, client, refused } = require("./checks.js");

const cosmos = client();
const WRITES_MAX = 500;
// Costs a good part of what the container has in a second.
const BIG_TEXT = "x".repeat(100_000);

async function throttled(database) {
  await database.containers.create({ id: "slow", partitionKey: "/pk", throughput: 400 });
  const impatient = client({ connectionPolicy: { retryOptions: { maxRetryAttemptCount: 0 } } });
  const container = impatient.database(database.id).container("slow");
  const error = await refused(429, 3200, async () => {
    for (let i = 0; i < WRITES_MAX; ++i) await container.items.upsert({ id: "same", pk: "a", i, text: BIG_TEXT });
  });
  assert.ok(error.retryAfterInMs > 0);
  assert.equal(error.body.code, "TooManyRequests");
}

async function retried(database) {
  const container = database.container("slow");
  let waits = 0;
  for (let i = 0; i < WRITES_MAX && waits === 0; ++i) {
    const { headers, statusCode } = await container.items.upsert({ id: "same", pk: "a", i, text: BIG_TEXT });
    assert.equal(statusCode, 200);
    waits += headers["x-ms-throttle-retry-count"] ?? 0;
  }
  assert.ok(waits > 0, "never throttled");
}

async function sessions(database) {
  const { container } = await database.containers.create({ id: "session", partitionKey: "/pk" });
  const session = client({ consistencyLevel: "Session" })
    .database(database.id)
    .container("session");
  const { resource, headers } = await session.items.create({ id: "1", pk: "a", n: 1 });
  assert.ok(headers["x-ms-session-token"]);
  assert.equal((await session.item("1", "a").read()).resource._etag, resource._etag);
  const sessionToken = headers["x-ms-session-token"];
  assert.equal((await container.item("1", "a").read({ sessionToken })).statusCode, 200);
  const ahead = sessionToken.replace(/#(\d+)$/, (_, lsn) => `#${Number(lsn) + 1000}`);
  // Refused with 404/1002, which is the only 404 that the client tries again, without the token.
  const { statusCode, diagnostics } = await container.item("1", "a").read({ sessionToken: ahead });
  assert.equal(statusCode, 200);
  const { failedAttempts } = diagnostics.clientSideRequestStatistics.retryDiagnostics;
  assert.deepEqual(
    failedAttempts.map((failed) => failed.statusCode),
    [404],
  );
}

module.exports = async function limitsFlow() {
  const { database } = await cosmos.databases.createIfNotExists({ id: "limits" });
  await check("throttling: 429/3200 says when to come back", () => throttled(database));
  await check("throttling: the client waits and goes on", () => retried(database));
  await check("sessions: own writes are seen; a token ahead is 404/1002", () => sessions(database));
  await database.delete();
};
