// Answers each line, an id, with the stamp of that document as samples/readers/js finds it.
'use strict';
const path = require('node:path');
const readline = require('node:readline');
const { CosmosClient } = require('@azure/cosmos');
const { SwitchedContainer } = require(path.join(__dirname, '../../../samples/readers/js/reader.js'));

const [endpoint, key, database, pointers, id, cacheMs] = process.argv.slice(2);
const client = new CosmosClient({ endpoint, key });
const switched = new SwitchedContainer(client.database(database), id, {
  pointers,
  cacheMs: Number(cacheMs),
});

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const found = await switched.read(async (container) => {
      const { resource } = await container.item(line, line).read();
      return resource;
    });
    console.log(found ? found.stamp : 'none');
  }
  client.dispose();
}

main();
