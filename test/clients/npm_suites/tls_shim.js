// Preloaded before the suites: their clients pin TLS 1.0 in their agents, which OpenSSL 3 refuses.
const tls = require("tls");
const connect = tls.connect;
tls.connect = function (...parameters) {
  for (const parameter of parameters) {
    if (parameter && typeof parameter === "object") delete parameter.secureProtocol;
  }
  return connect.apply(this, parameters);
};
