// Queries over several ranges: what the client merges, and what the server gives it for that.
"use strict";

const { all, assert, check, client, refused } = require("./checks.js");

const DOCUMENTS = 120;
const CITIES = ["Oslo", "Bergen", "Turku", "Aarhus"];
const cosmos = client();

// n: 0 … 119; city by n % 4; half of them with a score; pk spreads over all ranges.
function documentOf(n) {
  const document = {
    id: `d${n}`,
    pk: `p${n % 30}`,
    n,
    city: CITIES[n % 4],
    tags: [`t${n % 3}`, "all"],
    big: n > 99,
  };
  if (n % 2 === 0) document.score = n / 4;
  return document;
}

const numbers = Array.from({ length: DOCUMENTS }, (_, n) => n);

// The query, the rows that the language's rules give, and whether their order is part of that.
const CASES = [
  ["everything", "SELECT VALUE c.n FROM c", numbers, false],
  [
    "filter",
    "SELECT VALUE c.n FROM c WHERE c.n >= 100 AND c.city = 'Oslo'",
    [100, 104, 108, 112, 116],
    false,
  ],
  [
    "projection",
    "SELECT c.n AS number, { city: c.city } AS place FROM c WHERE c.n = 5",
    [{ number: 5, place: { city: "Bergen" } }],
    true,
  ],
  ["order", "SELECT VALUE c.n FROM c ORDER BY c.n", numbers, true],
  ["order, descending", "SELECT VALUE c.n FROM c ORDER BY c.n DESC", [...numbers].reverse(), true],
  [
    "order by text, top",
    "SELECT TOP 3 VALUE c.id FROM c ORDER BY c.id DESC",
    ["d99", "d98", "d97"],
    true,
  ],
  [
    "order with a filter",
    "SELECT VALUE c.n FROM c WHERE c.big ORDER BY c.n DESC",
    numbers.filter((n) => n > 99).reverse(),
    true,
  ],
  [
    "offset and limit",
    "SELECT VALUE c.n FROM c ORDER BY c.n OFFSET 10 LIMIT 5",
    [10, 11, 12, 13, 14],
    true,
  ],
  ["top", "SELECT TOP 7 VALUE 1 FROM c", [1, 1, 1, 1, 1, 1, 1], true],
  ["distinct", "SELECT DISTINCT VALUE c.city FROM c", CITIES, false],
  [
    "distinct, ordered",
    "SELECT DISTINCT VALUE c.city FROM c ORDER BY c.city",
    [...CITIES].sort(),
    true,
  ],
  ["count", "SELECT VALUE COUNT(1) FROM c", [DOCUMENTS], true],
  ["count of what is there", "SELECT VALUE COUNT(c.score) FROM c", [60], true],
  ["sum", "SELECT VALUE SUM(c.n) FROM c", [7140], true],
  ["average of what is there", "SELECT VALUE AVG(c.score) FROM c", [14.75], true],
  [
    "least and greatest",
    "SELECT MIN(c.n) AS low, MAX(c.n) AS high FROM c",
    [{ low: 0, high: 119 }],
    true,
  ],
  ["sum of what is no number", "SELECT VALUE SUM(c.city) FROM c", [], true],
  [
    "groups",
    "SELECT c.city, COUNT(1) AS count, MAX(c.n) AS most FROM c GROUP BY c.city",
    CITIES.map((city, i) => ({ city, count: 30, most: 116 + i })),
    false,
  ],
  [
    "groups of two",
    "SELECT c.city, c.big, AVG(c.n) AS mean FROM c WHERE c.n >= 96 AND c.city IN ('Oslo', 'Turku') GROUP BY c.city, c.big",
    [
      { city: "Oslo", big: false, mean: 96 },
      { city: "Oslo", big: true, mean: 108 },
      { city: "Turku", big: false, mean: 98 },
      { city: "Turku", big: true, mean: 110 },
    ],
    false,
  ],
  [
    "join",
    "SELECT VALUE t FROM c JOIN t IN c.tags WHERE c.n < 2",
    ["t0", "all", "t1", "all"],
    false,
  ],
  [
    "exists",
    "SELECT VALUE c.n FROM c WHERE c.n < 6 AND EXISTS(SELECT VALUE t FROM t IN c.tags WHERE t = 't2')",
    [2, 5],
    false,
  ],
  [
    "pattern",
    "SELECT VALUE c.n FROM c WHERE c.id LIKE 'd11_'",
    numbers.filter((n) => n >= 110),
    false,
  ],
  [
    "between, in, missing",
    "SELECT VALUE c.n FROM c WHERE c.n BETWEEN 1 AND 6 AND c.n IN (1, 2, 3) AND NOT IS_DEFINED(c.score)",
    [1, 3],
    false,
  ],
  [
    "default for what is missing",
    "SELECT VALUE (c.score ?? -1) FROM c WHERE c.n IN (4, 5)",
    [1, -1],
    false,
  ],
  [
    "functions",
    "SELECT VALUE CONCAT(UPPER(c.city), '-', ToString(LENGTH(c.city))) FROM c WHERE c.n = 1",
    ["BERGEN-6"],
    true,
  ],
];

function sorted(rows) {
  return rows.map((row) => JSON.stringify(row)).sort();
}

function same(actual, expected, ordered) {
  if (ordered) assert.deepEqual(actual, expected);
  else assert.deepEqual(sorted(actual), sorted(expected));
}

async function pages(container, query, maxItemCount) {
  const iterator = container.items.query(query, { maxItemCount });
  const rows = [];
  let count = 0;
  let charge = 0;
  while (iterator.hasMoreResults()) {
    const { resources = [], requestCharge } = await iterator.fetchNext();
    rows.push(...resources);
    charge += requestCharge;
    count += 1;
  }
  assert.ok(charge > 0);
  return { rows, count };
}

async function continuations(container) {
  const rows = [];
  let continuationToken;
  do {
    const options = { maxItemCount: 25, continuationToken };
    const page = await container.items
      .query("SELECT VALUE c.n FROM c WHERE c.n < 100", options)
      .fetchNext();
    rows.push(...page.resources);
    continuationToken = page.continuationToken;
  } while (continuationToken);
  same(rows, numbers.slice(0, 100), false);
}

async function parameters(container) {
  const query = {
    query: "SELECT VALUE c.n FROM c WHERE c.city = @city AND ARRAY_CONTAINS(@numbers, c.n)",
    parameters: [
      { name: "@city", value: "Turku" },
      { name: "@numbers", value: [1, 2, 6, 7] },
    ],
  };
  same(await all(container, query), [2, 6], false);
}

async function scopes(container) {
  assert.deepEqual(
    await all(container, "SELECT VALUE c.n FROM c ORDER BY c.n DESC", { partitionKey: "p3" }),
    [93, 63, 33, 3],
  );
  assert.deepEqual(await all(container, "SELECT VALUE COUNT(1) FROM c WHERE c.pk = 'p3'"), [4]);
  assert.deepEqual(await all(container, "SELECT * FROM c", { partitionKey: "nobody" }), []);
}

// Not what has no result: with ranges still to be asked, this client then turns in a circle.
async function plansByForce(container) {
  for (const [, query, expected, ordered] of CASES.filter(([, , rows]) => rows.length > 0)) {
    same(
      await all(container, query, { forceQueryPlan: true, maxDegreeOfParallelism: 4 }),
      expected,
      ordered,
    );
  }
}

async function compositeOrder(database) {
  const { container } = await database.containers.create({
    id: "composite",
    partitionKey: { paths: ["/pk"], version: 2 },
    throughput: 12_000,
    indexingPolicy: {
      compositeIndexes: [
        [
          { path: "/a", order: "ascending" },
          { path: "/b", order: "descending" },
        ],
      ],
    },
  });
  for (let i = 0; i < 12; ++i)
    await container.items.create({ id: `${i}`, pk: `${i}`, a: i % 3, b: i });
  const query = "SELECT VALUE [c.a, c.b] FROM c ORDER BY c.a ASC, c.b DESC";
  assert.deepEqual(await all(container, query), [
    [0, 9],
    [0, 6],
    [0, 3],
    [0, 0],
    [1, 10],
    [1, 7],
    [1, 4],
    [1, 1],
    [2, 11],
    [2, 8],
    [2, 5],
    [2, 2],
  ]);
  await refused(400, undefined, () => all(container, "SELECT * FROM c ORDER BY c.b, c.a"));
}

async function refusals(container) {
  for (const query of [
    "SELEC * FROM c",
    "SELECT * FROM c WHERE",
    "SELECT VALUE nope(1) FROM c",
    "SELECT VALUE x.n FROM c",
  ]) {
    const error = await refused(400, undefined, () => all(container, query));
    assert.equal(error.body.code, "BadRequest");
  }
}

async function metrics(container) {
  const options = { populateQueryMetrics: true, partitionKey: "p1" };
  const { headers } = await container.items.query("SELECT * FROM c", options).fetchNext();
  assert.equal(headers["x-ms-documentdb-query-metrics"]["0"].outputDocumentCount, 4);
}

module.exports = async function queryFlow() {
  const { database } = await cosmos.databases.createIfNotExists({ id: "queries" });
  const { container } = await database.containers.create({
    id: "queries",
    partitionKey: { paths: ["/pk"], version: 2 },
    throughput: 30_000,
  });
  for (const n of numbers) await container.items.create(documentOf(n));
  for (const [name, query, expected, ordered] of CASES) {
    await check(`query: ${name}`, async () => {
      same(await all(container, query), expected, ordered);
      for (const size of [5, 1000]) {
        const { rows, count } = await pages(container, query, size);
        same(rows, expected, ordered);
        assert.ok(
          size === 1000 || count >= expected.length / size,
          "pages are no longer than asked",
        );
      }
    });
  }
  await check("query: continuation tokens", () => continuations(container));
  await check("query: parameters", () => parameters(container));
  await check("query: one logical partition", () => scopes(container));
  await check("query: plans on request", () => plansByForce(container));
  await check("query: several orders need their index", () => compositeOrder(database));
  await check("query: what is refused", () => refusals(container));
  await check("query: metrics", () => metrics(container));
  await database.delete();
};
