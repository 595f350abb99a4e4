// Documents one by one, atomic batches, and bulk.
import com.azure.cosmos.CosmosContainer;
import com.azure.cosmos.models.CosmosBatch;
import com.azure.cosmos.models.CosmosBatchItemRequestOptions;
import com.azure.cosmos.models.CosmosBatchResponse;
import com.azure.cosmos.models.CosmosBulkItemRequestOptions;
import com.azure.cosmos.models.CosmosBulkOperationResponse;
import com.azure.cosmos.models.CosmosBulkOperations;
import com.azure.cosmos.models.CosmosContainerProperties;
import com.azure.cosmos.models.CosmosItemIdentity;
import com.azure.cosmos.models.CosmosItemOperation;
import com.azure.cosmos.models.CosmosItemRequestOptions;
import com.azure.cosmos.models.CosmosItemResponse;
import com.azure.cosmos.models.CosmosPatchItemRequestOptions;
import com.azure.cosmos.models.CosmosPatchOperations;
import com.azure.cosmos.models.PartitionKey;
import com.azure.cosmos.models.PartitionKeyBuilder;
import com.azure.cosmos.models.PartitionKeyDefinition;
import com.azure.cosmos.models.PartitionKeyDefinitionVersion;
import com.azure.cosmos.models.PartitionKind;
import com.azure.cosmos.models.ThroughputProperties;
import com.azure.cosmos.models.UniqueKey;
import com.azure.cosmos.models.UniqueKeyPolicy;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

final class ItemFlow {
  static final int BULK_DOCUMENTS = 1200;
  // Enough for several physical partitions.
  static final int UNITS_OF_BULK = 24_000;

  private final Checks checks;
  private final CosmosContainer items;

  ItemFlow(Checks checks) {
    this.checks = checks;
    checks.client.createDatabaseIfNotExists("items");
    checks.client.getDatabase("items").createContainer("items", "/pk",
        ThroughputProperties.createManualThroughput(20_000));
    items = checks.client.getDatabase("items").getContainer("items");
  }

  void run() {
    checks.check("items: create, read, upsert, replace, delete", this::lifeOfAnItem);
    checks.check("items: conditions on etags", this::etags);
    checks.check("items: keys of every type, and none", this::keyTypes);
    checks.check("items: hierarchical keys", this::hierarchicalKeys);
    checks.check("items: unique keys", this::uniqueKeys);
    checks.check("items: minimal return", this::minimalReturn);
    checks.check("patch: all operations", this::patchOperations);
    checks.check("patch: condition", this::patchCondition);
    checks.check("patch: refusals", this::patchRefusals);
    checks.check("batch: done as one", this::batchDone);
    checks.check("batch: rolled back as one", this::batchRolledBack);
    checks.check("bulk: all operations over several ranges", this::bulk);
    checks.check("bulk: results of its own for each operation", this::bulkFailures);
    checks.check("items: read many", this::readMany);
    checks.check("items: delete by partition key", this::deletePartitionKey);
  }

  private static PartitionKey pk(String value) {
    return new PartitionKey(value);
  }

  private void lifeOfAnItem() throws Exception {
    CosmosItemResponse<ObjectNode> created = items.createItem(Checks.document("life ä/1".replace("/", "-"), "p", 1));
    String id = created.getItem().get("id").textValue();
    Checks.same(201, created.getStatusCode());
    Checks.holds(created.getRequestCharge() > 5, "a create costs: " + created.getRequestCharge());
    Checks.holds(created.getETag() != null && created.getSessionToken() != null, "etag and session token");
    Checks.refused(409, 0, () -> items.createItem(Checks.document(id, "p", 1)));
    Checks.same(200, items.upsertItem(Checks.document(id, "p", 2)).getStatusCode());
    Checks.same(2, items.readItem(id, pk("p"), JsonNode.class).getItem().get("number").intValue());
    Checks.same(200, items.replaceItem(Checks.document(id, "p", 3), id, pk("p"), null).getStatusCode());
    Checks.refused(404, 0, () -> items.readItem(id, pk("q"), JsonNode.class));
    Checks.same(204, items.deleteItem(id, pk("p"), null).getStatusCode());
    Checks.refused(404, 0, () -> items.readItem(id, pk("p"), JsonNode.class));
    Checks.refused(404, 0, () -> items.deleteItem(id, pk("p"), null));
    Checks.refused(404, 0, () -> items.replaceItem(Checks.document(id, "p", 3), id, pk("p"), null));
  }

  private void etags() throws Exception {
    String first = items.upsertItem(Checks.document("etag", "p", 1)).getETag();
    String second = items.upsertItem(Checks.document("etag", "p", 2)).getETag();
    Checks.holds(!first.equals(second), "every write has its etag");
    CosmosItemRequestOptions old = new CosmosItemRequestOptions().setIfMatchETag(first);
    Checks.refused(412, 0, () -> items.replaceItem(Checks.document("etag", "p", 3), "etag", pk("p"), old));
    Checks.refused(412, 0, () -> items.deleteItem("etag", pk("p"), old));
    CosmosItemRequestOptions seen = new CosmosItemRequestOptions().setIfNoneMatchETag(second);
    Checks.same(304, items.readItem("etag", pk("p"), seen, JsonNode.class).getStatusCode());
    CosmosItemRequestOptions current = new CosmosItemRequestOptions().setIfMatchETag(second);
    Checks.same(200, items.replaceItem(Checks.document("etag", "p", 3), "etag", pk("p"), current).getStatusCode());
  }

  private void keyTypes() {
    ObjectNode number = Checks.document("n", "", 1).put("pk", 12.5);
    ObjectNode truth = Checks.document("b", "", 2).put("pk", true);
    ObjectNode none = Checks.JSON.createObjectNode().put("id", "u").put("number", 3);
    ObjectNode nothing = Checks.document("0", "", 4).putNull("pk");
    for (ObjectNode item : List.of(number, truth, none, nothing)) items.createItem(item);
    Checks.same(1, items.readItem("n", new PartitionKey(12.5), JsonNode.class).getItem().get("number").intValue());
    Checks.same(2, items.readItem("b", new PartitionKey(true), JsonNode.class).getItem().get("number").intValue());
    Checks.same(3, items.readItem("u", PartitionKey.NONE, JsonNode.class).getItem().get("number").intValue());
    PartitionKey nil = new PartitionKey(null);
    Checks.same(4, items.readItem("0", nil, JsonNode.class).getItem().get("number").intValue());
  }

  private void hierarchicalKeys() {
    PartitionKeyDefinition levels = new PartitionKeyDefinition();
    levels.setKind(PartitionKind.MULTI_HASH);
    levels.setVersion(PartitionKeyDefinitionVersion.V2);
    levels.setPaths(List.of("/tenant", "/user"));
    checks.client.getDatabase("items").createContainer(new CosmosContainerProperties("levels", levels));
    CosmosContainer container = checks.client.getDatabase("items").getContainer("levels");
    PartitionKey key = new PartitionKeyBuilder().add("t").add("u").build();
    container.createItem(Checks.JSON.createObjectNode().put("id", "1").put("tenant", "t").put("user", "u"));
    container.createItem(Checks.JSON.createObjectNode().put("id", "2").put("tenant", "t").put("user", "v"));
    Checks.same(200, container.readItem("1", key, JsonNode.class).getStatusCode());
    PartitionKey prefix = new PartitionKeyBuilder().add("t").build();
    Checks.same(2L, container.readAllItems(prefix, JsonNode.class).stream().count());
  }

  private void uniqueKeys() throws Exception {
    CosmosContainerProperties properties = new CosmosContainerProperties("unique", "/pk");
    properties.setUniqueKeyPolicy(new UniqueKeyPolicy().setUniqueKeys(List.of(new UniqueKey(List.of("/mail")))));
    checks.client.getDatabase("items").createContainer(properties);
    CosmosContainer unique = checks.client.getDatabase("items").getContainer("unique");
    unique.createItem(Checks.document("1", "p", 1).put("mail", "a@b"));
    Checks.refused(409, 3301, () -> unique.createItem(Checks.document("2", "p", 1).put("mail", "a@b")));
    unique.createItem(Checks.document("2", "elsewhere", 1).put("mail", "a@b"));
    unique.createItem(Checks.document("3", "p", 1));
    Checks.refused(409, 3301, () -> unique.createItem(Checks.document("4", "p", 1)));
  }

  private void minimalReturn() {
    CosmosItemRequestOptions minimal = new CosmosItemRequestOptions().setContentResponseOnWriteEnabled(false);
    CosmosItemResponse<ObjectNode> written = items.upsertItem(Checks.document("minimal", "p", 1), pk("p"), minimal);
    Checks.holds(written.getItem() == null, "no content was asked for");
    Checks.holds(written.getETag() != null, "the etag is there all the same");
  }

  private void patchOperations() {
    ObjectNode item = Checks.document("patch", "p", 1);
    item.putArray("list").add("a").add("c");
    item.put("old", 1).put("here", "moved");
    items.upsertItem(item);
    CosmosPatchOperations operations = CosmosPatchOperations.create()
        .add("/list/1", "b").set("/fresh", 5).replace("/number", 10).remove("/old")
        .increment("/number", 2).move("/here", "/there");
    JsonNode patched = items.patchItem("patch", pk("p"), operations, JsonNode.class).getItem();
    Checks.same("[\"a\",\"b\",\"c\"]", patched.get("list").toString());
    Checks.same(5, patched.get("fresh").intValue());
    Checks.same(12, patched.get("number").intValue());
    Checks.same("moved", patched.get("there").textValue());
    Checks.holds(!patched.has("old") && !patched.has("here"), "removed and moved are gone");
  }

  private void patchCondition() throws Exception {
    items.upsertItem(Checks.document("condition", "p", 1));
    CosmosPatchItemRequestOptions options = new CosmosPatchItemRequestOptions();
    options.setFilterPredicate("from c where c.number = 2");
    CosmosPatchOperations operations = CosmosPatchOperations.create().set("/number", 9);
    Checks.refused(412, 1110, () -> items.patchItem("condition", pk("p"), operations, options, JsonNode.class));
    options.setFilterPredicate("from c where c.number = 1");
    Checks.same(200, items.patchItem("condition", pk("p"), operations, options, JsonNode.class).getStatusCode());
  }

  private void patchRefusals() throws Exception {
    items.upsertItem(Checks.document("refused", "p", 1));
    CosmosPatchOperations missing = CosmosPatchOperations.create().replace("/none/such", 1);
    Checks.refused(400, 0, () -> items.patchItem("refused", pk("p"), missing, JsonNode.class));
    CosmosPatchOperations key = CosmosPatchOperations.create().set("/pk", "q");
    Checks.refused(400, 0, () -> items.patchItem("refused", pk("p"), key, JsonNode.class));
    CosmosPatchOperations any = CosmosPatchOperations.create().set("/a", 1);
    Checks.refused(404, 0, () -> items.patchItem("not there", pk("p"), any, JsonNode.class));
  }

  private void batchDone() {
    CosmosBatch batch = CosmosBatch.createCosmosBatch(pk("batch"));
    batch.createItemOperation(Checks.document("1", "batch", 1));
    batch.upsertItemOperation(Checks.document("2", "batch", 2));
    batch.replaceItemOperation("1", Checks.document("1", "batch", 11));
    batch.patchItemOperation("1", CosmosPatchOperations.create().increment("/number", 1));
    batch.readItemOperation("1");
    batch.deleteItemOperation("2");
    CosmosBatchResponse done = items.executeCosmosBatch(batch);
    Checks.holds(done.isSuccessStatusCode(), "status " + done.getStatusCode());
    Checks.same(12, done.getResults().get(4).getItem(JsonNode.class).get("number").intValue());
    Checks.same(List.of(201, 201, 200, 200, 200, 204),
        done.getResults().stream().map(r -> r.getStatusCode()).collect(java.util.stream.Collectors.toList()));
  }

  private void batchRolledBack() throws Exception {
    String etag = items.upsertItem(Checks.document("there", "rolled", 1)).getETag();
    items.upsertItem(Checks.document("there", "rolled", 2));
    CosmosBatch batch = CosmosBatch.createCosmosBatch(pk("rolled"));
    batch.createItemOperation(Checks.document("new", "rolled", 1));
    batch.replaceItemOperation("there", Checks.document("there", "rolled", 3),
        new CosmosBatchItemRequestOptions().setIfMatchETag(etag));
    CosmosBatchResponse failed = items.executeCosmosBatch(batch);
    Checks.same(412, failed.getStatusCode());
    Checks.same(424, failed.getResults().get(0).getStatusCode());
    Checks.refused(404, 0, () -> items.readItem("new", pk("rolled"), JsonNode.class));
  }

  private CosmosContainer bulkContainer() {
    checks.client.getDatabase("items").createContainerIfNotExists("bulk", "/pk",
        ThroughputProperties.createManualThroughput(UNITS_OF_BULK));
    return checks.client.getDatabase("items").getContainer("bulk");
  }

  private static List<Integer> statuses(CosmosContainer container, List<CosmosItemOperation> operations) {
    List<Integer> found = new ArrayList<>();
    for (CosmosBulkOperationResponse<Object> response : container.executeBulkOperations(operations)) {
      if (response.getResponse() == null) throw new AssertionError(response.getException());
      found.add(response.getResponse().getStatusCode());
    }
    return found;
  }

  private void bulk() {
    CosmosContainer container = bulkContainer();
    Checks.holds(container.getFeedRanges().size() > 1, "several ranges");
    List<CosmosItemOperation> creates = new ArrayList<>();
    List<CosmosItemOperation> others = new ArrayList<>();
    for (int i = 0; i < BULK_DOCUMENTS; ++i) {
      ObjectNode item = Checks.document("b" + i, "k" + i, i);
      creates.add(CosmosBulkOperations.getUpsertItemOperation(item, pk("k" + i)));
      others.add(i % 3 == 0 ? CosmosBulkOperations.getReadItemOperation("b" + i, pk("k" + i))
          : i % 3 == 1 ? CosmosBulkOperations.getDeleteItemOperation("b" + i, pk("k" + i))
          : CosmosBulkOperations.getPatchItemOperation("b" + i, pk("k" + i),
              CosmosPatchOperations.create().set("/patched", true)));
    }
    List<Integer> created = statuses(container, creates);
    Checks.same(BULK_DOCUMENTS, created.size());
    Checks.holds(created.stream().allMatch(status -> status == 201), "all created");
    List<Integer> rest = statuses(container, others);
    Checks.holds(rest.stream().allMatch(status -> status == 200 || status == 204), "all done");
    Checks.same(BULK_DOCUMENTS * 2L / 3, container.queryItems("SELECT c.id FROM c", null, JsonNode.class)
        .stream().count());
  }

  private void bulkFailures() {
    CosmosContainer container = bulkContainer();
    container.upsertItem(Checks.document("there", "x", 1));
    CosmosBulkItemRequestOptions stale = new CosmosBulkItemRequestOptions().setIfMatchETag("\"0\"");
    List<CosmosItemOperation> operations = List.of(
        CosmosBulkOperations.getCreateItemOperation(Checks.document("there", "x", 1), pk("x")),
        CosmosBulkOperations.getDeleteItemOperation("not there", pk("x")),
        CosmosBulkOperations.getReplaceItemOperation("there", Checks.document("there", "x", 2), pk("x"), stale),
        CosmosBulkOperations.getUpsertItemOperation(Checks.document("fine", "x", 1), pk("x")));
    List<Integer> found = new ArrayList<>(statuses(container, operations));
    found.sort(null);
    Checks.same(List.of(201, 404, 409, 412), found);
  }

  private void readMany() {
    List<CosmosItemIdentity> wanted = new ArrayList<>();
    for (int i = 0; i < 30; ++i) wanted.add(new CosmosItemIdentity(pk("k" + i), "b" + i));
    Checks.same(20, bulkContainer().readMany(wanted, JsonNode.class).getResults().size());
  }

  private void deletePartitionKey() {
    items.upsertItem(Checks.document("1", "emptied", 1));
    items.upsertItem(Checks.document("2", "emptied", 2));
    items.deleteAllItemsByPartitionKey(pk("emptied"), null);
    Checks.same(0L, items.readAllItems(pk("emptied"), JsonNode.class).stream().count());
  }
}
