// Walks through the whole surface of @azure/cosmos 4.x: node flow.js ENDPOINT KEY
"use strict";

const FLOWS = ["resource", "item", "query", "change_feed", "limits"];

(async () => {
  for (const name of FLOWS) await require(`./${name}_flow.js`)();
  // The client refreshes the account in the background for ever.
  process.exit(0);
})();
