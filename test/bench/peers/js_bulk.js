// The official JavaScript client's bulk: executeBulkOperations, fed ready-made objects.
//
//   node js_bulk.js --endpoint URL --key KEY --database D --container C --partition-key /path
//                   --rows N [--ca-file FILE] FILE.jsonl...
"use strict";

const fs = require("fs");
const https = require("https");
const readline = require("readline");
const { parseArgs } = require("util");
const { CosmosClient } = require("@azure/cosmos");

// Operations handed over at once. Smaller groups leave batches half full, larger ones cost memory.
const GROUP = 10_000;

const { values: options, positionals: files } = parseArgs({
  allowPositionals: true,
  options: {
    endpoint: { type: "string" },
    key: { type: "string" },
    database: { type: "string" },
    container: { type: "string" },
    "partition-key": { type: "string" },
    rows: { type: "string" },
    "ca-file": { type: "string" },
  },
});

function connect() {
  const settings = { endpoint: options.endpoint, key: options.key };
  if (options["ca-file"]) {
    const ca = fs.readFileSync(options["ca-file"]);
    settings.agent = new https.Agent({ ca, keepAlive: true });
  }
  const client = new CosmosClient(settings);
  return client.database(options.database).container(options.container);
}

function valueAt(document, path) {
  return path.split("/").slice(1).reduce((value, name) => value?.[name], document);
}

async function* groupsOfOperations() {
  const rows = Number(options.rows);
  let read = 0;
  let group = [];
  for (const file of files) {
    for await (const line of readline.createInterface({ input: fs.createReadStream(file) })) {
      if (read === rows) break;
      read += 1;
      const resourceBody = JSON.parse(line);
      const partitionKey = valueAt(resourceBody, options["partition-key"]);
      group.push({ operationType: "Upsert", partitionKey, resourceBody });
      if (group.length === GROUP) {
        yield group;
        group = [];
      }
    }
  }
  if (group.length > 0) yield group;
}

async function main() {
  const container = connect();
  const total = { rows: 0, failed: 0, cpu: 0, wall: 0 };
  for await (const group of groupsOfOperations()) {
    const cpu = process.cpuUsage();
    const start = process.hrtime.bigint();
    const results = await container.items.executeBulkOperations(group, {
      contentResponseOnWriteEnabled: false,
    });
    total.wall += Number(process.hrtime.bigint() - start) / 1e9;
    const spent = process.cpuUsage(cpu);
    total.cpu += (spent.user + spent.system) / 1e6;
    const written = results.filter((result) => result.response?.statusCode < 300).length;
    total.rows += written;
    total.failed += group.length - written;
  }
  console.log(
    JSON.stringify({
      peer: "js-bulk",
      rows: total.rows,
      cpu_seconds: total.cpu,
      wall_seconds: total.wall,
      failed: total.failed,
    }),
  );
  process.exit(total.failed === 0 ? 0 : 1);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
