// What the flows share: a check is a name and a body; one JSON line each says how it went.
"use strict";

const assert = require("node:assert/strict");
const { CosmosClient } = require("@azure/cosmos");

const [endpoint, key] = process.argv.slice(2);

// Of the check that runs, shown with its failure.
const LINES_OF_STACK = 3;

function client(more = {}) {
  return new CosmosClient({ endpoint, key, ...more });
}

async function check(name, body) {
  let failure = null;
  try {
    await body();
  } catch (error) {
    const where = (error.stack || "").split("\n").filter((line) => line.includes("_flow.js"));
    failure = `${error.code ?? ""} ${error.message} ${where.slice(0, LINES_OF_STACK).join(" ")}`;
  }
  console.log(JSON.stringify({ name, failure }));
}

// Asserts that a call is refused with a status and a substatus (undefined: none).
async function refused(status, substatus, call) {
  let done;
  try {
    done = await call();
  } catch (error) {
    assert.deepEqual([error.code, error.substatus || undefined], [status, substatus]);
    return error;
  }
  assert.fail(`expected ${status}/${substatus}, but it was done: ${done && done.statusCode}`);
}

// The rows of a query, all pages.
async function all(container, query, options = {}) {
  return (await container.items.query(query, options).fetchAll()).resources;
}

module.exports = { all, assert, check, client, refused };
