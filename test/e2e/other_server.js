// Starts @vercel/cosmosdb-server with a certificate of ours (its own has expired), with keep-alive:
//   node other_server.js PORT CERTIFICATE_FILE KEY_FILE
"use strict";

const fs = require("fs");
const { createHttpsServer } = require("@vercel/cosmosdb-server");

const [port, certificate, key] = process.argv.slice(2);
const server = createHttpsServer({
  cert: fs.readFileSync(certificate),
  key: fs.readFileSync(key),
  keepAlive: true,
});
server.listen(Number(port), "127.0.0.1");
