// Queries, which this client always plans and merges by itself, and change feeds.
import com.azure.cosmos.CosmosAsyncClient;
import com.azure.cosmos.CosmosAsyncContainer;
import com.azure.cosmos.CosmosContainer;
import com.azure.cosmos.implementation.ImplementationBridgeHelpers;
import com.azure.cosmos.models.ChangeFeedPolicy;
import com.azure.cosmos.models.CosmosChangeFeedRequestOptions;
import com.azure.cosmos.models.CosmosContainerProperties;
import com.azure.cosmos.models.CosmosQueryRequestOptions;
import com.azure.cosmos.models.FeedRange;
import com.azure.cosmos.models.FeedResponse;
import com.azure.cosmos.models.PartitionKey;
import com.azure.cosmos.models.SqlParameter;
import com.azure.cosmos.models.SqlQuerySpec;
import com.azure.cosmos.models.ThroughputProperties;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

final class QueryFlow {
  static final int DOCUMENTS = 120;
  static final int GROUPS = 4;
  static final int UNITS = 24_000;
  static final int PARTS_OF_A_RANGE = 3;

  private final Checks checks;
  private final CosmosContainer container;

  QueryFlow(Checks checks) {
    this.checks = checks;
    checks.client.createDatabaseIfNotExists("queries");
    checks.client.getDatabase("queries").createContainer("queries", "/pk",
        ThroughputProperties.createManualThroughput(UNITS));
    container = checks.client.getDatabase("queries").getContainer("queries");
    for (int i = 0; i < DOCUMENTS; ++i) {
      container.createItem(Checks.document("d" + i, "k" + i, i).put("group", "g" + i % GROUPS));
    }
  }

  void run() {
    checks.check("query: filter, parameters, projection", this::filters);
    checks.check("query: ORDER BY over ranges, both ways", this::orderBy);
    checks.check("query: TOP, OFFSET and LIMIT over ranges", this::limits);
    checks.check("query: aggregates over ranges", this::aggregates);
    checks.check("query: DISTINCT over ranges", this::distinct);
    checks.check("query: GROUP BY over ranges", this::groupBy);
    checks.check("query: pages and continuation", this::pages);
    checks.check("query: one partition, one feed range", this::scopes);
    checks.check("query: what is wrong is refused", this::refusals);
    checks.check("change feed: from the beginning, by feed range", this::feedFromBeginning);
    checks.check("change feed: from now, and on from there", this::feedFromNow);
    checks.check("change feed: all versions and deletes", this::feedOfVersions);
    checks.check("connector's planning: position and size of every range", this::planning);
    checks.check("connector's reading: a range in parts", this::partsOfARange);
  }

  private List<JsonNode> rows(String text) {
    return container.queryItems(text, null, JsonNode.class).stream().collect(Collectors.toList());
  }

  private static List<Integer> upTo(int first, int last) {
    return IntStream.rangeClosed(first, last).boxed().collect(Collectors.toList());
  }

  private void filters() {
    SqlQuerySpec spec = new SqlQuerySpec("SELECT c.number AS n FROM c WHERE c.number < @most AND c['group'] = 'g1'",
        new SqlParameter("@most", 9));
    List<Integer> found = Checks.numbers(container.queryItems(spec, null, JsonNode.class), "n");
    found.sort(null);
    Checks.same(List.of(1, 5), found);
    Checks.same(1, rows("SELECT VALUE {a: [c.number, 'x']} FROM c WHERE c.id = 'd3'").size());
  }

  private void orderBy() {
    Checks.same(upTo(0, DOCUMENTS - 1), Checks.numbers(rows("SELECT * FROM c ORDER BY c.number"), "number"));
    List<Integer> down = Checks.numbers(rows("SELECT * FROM c ORDER BY c.number DESC"), "number");
    Checks.same(DOCUMENTS - 1, down.get(0));
    Checks.same(DOCUMENTS, down.size());
  }

  private void limits() {
    Checks.same(upTo(0, 4), Checks.numbers(rows("SELECT TOP 5 * FROM c ORDER BY c.number"), "number"));
    Checks.same(upTo(10, 16),
        Checks.numbers(rows("SELECT * FROM c ORDER BY c.number OFFSET 10 LIMIT 7"), "number"));
  }

  private void aggregates() {
    int sum = DOCUMENTS * (DOCUMENTS - 1) / 2;
    Checks.same(DOCUMENTS, rows("SELECT VALUE COUNT(1) FROM c").get(0).intValue());
    Checks.same(sum, rows("SELECT VALUE SUM(c.number) FROM c").get(0).intValue());
    Checks.same((double) sum / DOCUMENTS, rows("SELECT VALUE AVG(c.number) FROM c").get(0).doubleValue());
    Checks.same(DOCUMENTS - 1, rows("SELECT VALUE MAX(c.number) FROM c").get(0).intValue());
    Checks.same(0, rows("SELECT VALUE MIN(c.number) FROM c").get(0).intValue());
  }

  private void distinct() {
    Checks.same(GROUPS, rows("SELECT DISTINCT c['group'] FROM c").size());
    List<JsonNode> ordered = rows("SELECT DISTINCT VALUE c['group'] FROM c ORDER BY c['group']");
    Checks.same("[\"g0\", \"g1\", \"g2\", \"g3\"]", ordered.toString());
  }

  private void groupBy() {
    List<JsonNode> groups = rows("SELECT c['group'] AS g, COUNT(1) AS n, MAX(c.number) AS most FROM c GROUP BY c['group']");
    Checks.same(GROUPS, groups.size());
    for (JsonNode group : groups) Checks.same(DOCUMENTS / GROUPS, group.get("n").intValue());
  }

  private void pages() {
    TreeSet<Integer> seen = new TreeSet<>();
    String token = null;
    int count = 0;
    do {
      Iterator<FeedResponse<JsonNode>> pages = container
          .queryItems("SELECT * FROM c", null, JsonNode.class).iterableByPage(token, 7).iterator();
      FeedResponse<JsonNode> page = pages.next();
      Checks.holds(page.getResults().size() <= 7, "no page is larger than asked for");
      seen.addAll(Checks.numbers(page.getResults(), "number"));
      token = page.getContinuationToken();
      Checks.holds(++count < DOCUMENTS, "it ends");
    } while (token != null);
    Checks.same(new TreeSet<>(upTo(0, DOCUMENTS - 1)), seen);
  }

  private void scopes() {
    CosmosQueryRequestOptions one = new CosmosQueryRequestOptions().setPartitionKey(new PartitionKey("k5"));
    Checks.same(1L, container.queryItems("SELECT * FROM c", one, JsonNode.class).stream().count());
    long all = 0;
    for (FeedRange range : container.getFeedRanges()) {
      CosmosQueryRequestOptions options = new CosmosQueryRequestOptions().setFeedRange(range);
      all += container.queryItems("SELECT * FROM c", options, JsonNode.class).stream().count();
    }
    Checks.same((long) DOCUMENTS, all);
  }

  private void refusals() throws Exception {
    Checks.refused(400, 0, () -> rows("SELEKT * FROM c"));
    Checks.refused(400, 0, () -> rows("SELECT NO_SUCH_FUNCTION(c) FROM c"));
  }

  private List<JsonNode> feed(CosmosContainer from, CosmosChangeFeedRequestOptions options, String[] position) {
    List<JsonNode> found = new ArrayList<>();
    for (FeedResponse<JsonNode> page : from.queryChangeFeed(options, JsonNode.class).iterableByPage()) {
      found.addAll(page.getResults());
      if (position != null) position[0] = page.getContinuationToken();
    }
    return found;
  }

  private void feedFromBeginning() {
    int all = 0;
    for (FeedRange range : container.getFeedRanges()) {
      all += feed(container, CosmosChangeFeedRequestOptions.createForProcessingFromBeginning(range)
          .setMaxItemCount(10), null).size();
    }
    Checks.same(DOCUMENTS, all);
    Checks.same(DOCUMENTS, feed(container, CosmosChangeFeedRequestOptions
        .createForProcessingFromBeginning(FeedRange.forFullRange()), null).size());
    Checks.same(1, feed(container, CosmosChangeFeedRequestOptions.createForProcessingFromBeginning(
        FeedRange.forLogicalPartition(new PartitionKey("k5"))), null).size());
  }

  private void feedFromNow() {
    String[] position = new String[1];
    Checks.same(0, feed(container, CosmosChangeFeedRequestOptions
        .createForProcessingFromNow(FeedRange.forFullRange()), position).size());
    container.upsertItem(Checks.document("d7", "k7", 7).put("group", "g3"));
    List<JsonNode> changed = feed(container,
        CosmosChangeFeedRequestOptions.createForProcessingFromContinuation(position[0]), position);
    Checks.same(List.of(7), Checks.numbers(changed, "number"));
    Checks.same(0, feed(container,
        CosmosChangeFeedRequestOptions.createForProcessingFromContinuation(position[0]), position).size());
  }

  private void feedOfVersions() {
    CosmosContainerProperties properties = new CosmosContainerProperties("versions", "/pk");
    properties.setChangeFeedPolicy(ChangeFeedPolicy.createAllVersionsAndDeletesPolicy(Duration.ofMinutes(10)));
    checks.client.getDatabase("queries").createContainer(properties);
    CosmosContainer versions = checks.client.getDatabase("queries").getContainer("versions");
    String[] position = new String[1];
    feed(versions, CosmosChangeFeedRequestOptions
        .createForProcessingFromNow(FeedRange.forFullRange()).allVersionsAndDeletes(), position);
    versions.createItem(Checks.document("1", "p", 1));
    versions.upsertItem(Checks.document("1", "p", 2));
    versions.deleteItem("1", new PartitionKey("p"), null);
    List<JsonNode> changes = feed(versions, CosmosChangeFeedRequestOptions
        .createForProcessingFromContinuation(position[0]).allVersionsAndDeletes(), null);
    List<String> kinds = new ArrayList<>();
    for (JsonNode change : changes) kinds.add(change.get("metadata").get("operationType").textValue());
    Checks.same(List.of("create", "replace", "delete"), kinds);
  }

  // The Spark connector asks this of every range before it reads: the position of now, which it takes
  // for a number in quotes, and how many documents and kilobytes there are.
  private void planning() throws Exception {
    long documents = 0;
    for (FeedRange range : container.getFeedRanges()) {
      CosmosChangeFeedRequestOptions options = CosmosChangeFeedRequestOptions.createForProcessingFromNow(range);
      options.setMaxItemCount(1).setMaxPrefetchPageCount(1);
      options.setQuotaInfoEnabled(true);
      FeedResponse<JsonNode> page = container.queryChangeFeed(options, JsonNode.class).iterableByPage().iterator().next();
      String state = new String(java.util.Base64.getUrlDecoder().decode(page.getContinuationToken()));
      String token = Checks.JSON.readTree(state).get("Continuation").get("Continuation").get(0).get("token").textValue();
      long lsn = Long.parseLong(token.substring(1, token.length() - 1));
      Checks.holds(lsn > 0, "the position is a number: " + token);
      documents += page.getDocumentCountUsage();
      Checks.holds(page.getDocumentUsage() > 0, "kilobytes: " + page.getCurrentResourceQuotaUsage());
    }
    Checks.holds(documents >= DOCUMENTS, "documents: " + documents);
  }

  private List<FeedRange> partsOfAllRanges() {
    List<FeedRange> parts = new ArrayList<>();
    try (CosmosAsyncClient client = checks.builder().buildAsyncClient()) {
      CosmosAsyncContainer asked = client.getDatabase("queries").getContainer("queries");
      for (FeedRange range : container.getFeedRanges()) {
        parts.addAll(ImplementationBridgeHelpers.CosmosAsyncContainerHelper.getCosmosAsyncContainerAccessor()
            .trySplitFeedRange(asked, range, PARTS_OF_A_RANGE).block());
      }
    }
    return parts;
  }

  private void partsOfARange() {
    List<FeedRange> parts = partsOfAllRanges();
    Checks.same(PARTS_OF_A_RANGE * container.getFeedRanges().size(), parts.size());
    long found = 0;
    long changed = 0;
    for (FeedRange part : parts) {
      CosmosQueryRequestOptions options = new CosmosQueryRequestOptions().setFeedRange(part);
      found += container.queryItems("SELECT * FROM c", options, JsonNode.class).stream().count();
      changed += feed(container, CosmosChangeFeedRequestOptions.createForProcessingFromBeginning(part), null).size();
    }
    Checks.same((long) DOCUMENTS, found);
    Checks.same((long) DOCUMENTS, changed);
  }
}
