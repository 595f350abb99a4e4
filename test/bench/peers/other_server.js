// Starts @vercel/cosmosdb-server over plain HTTP with keep-alive, and prints its port as JSON.
"use strict";

const { createHttpServer } = require("@vercel/cosmosdb-server");

const server = createHttpServer({ keepAlive: true });
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ port: server.address().port }));
});
