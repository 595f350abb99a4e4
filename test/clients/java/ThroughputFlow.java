// What happens when there is too little throughput, and the ways in which clients share it.
import com.azure.cosmos.CosmosClient;
import com.azure.cosmos.CosmosContainer;
import com.azure.cosmos.CosmosException;
import com.azure.cosmos.GlobalThroughputControlConfig;
import com.azure.cosmos.ThroughputControlGroupConfig;
import com.azure.cosmos.ThroughputControlGroupConfigBuilder;
import com.azure.cosmos.models.CosmosBulkOperationResponse;
import com.azure.cosmos.models.CosmosBulkOperations;
import com.azure.cosmos.models.CosmosContainerProperties;
import com.azure.cosmos.models.CosmosItemOperation;
import com.azure.cosmos.models.CosmosItemRequestOptions;
import com.azure.cosmos.models.PartitionKey;
import com.azure.cosmos.models.PriorityLevel;
import com.azure.cosmos.models.ThroughputProperties;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

final class ThroughputFlow {
  static final int UNITS = 400;
  static final int WRITES_MAX = 200;
  // Dear enough that a slow machine runs out of units too.
  static final String LONG_TEXT = "x".repeat(200_000);
  static final int BULK_DOCUMENTS = 200;

  private final Checks checks;

  ThroughputFlow(Checks checks) {
    this.checks = checks;
    checks.client.createDatabaseIfNotExists("throttled");
  }

  void run() {
    checks.check("throttling: 429 with the time to wait", this::refusal);
    checks.check("throttling: bulk waits and ends", this::bulkWaits);
    checks.check("throughput control: a control container", this::globalControl);
    checks.check("throughput control: priority and bucket headers", this::serverControl);
    checks.check("session tokens: another client reads its own writes", this::sessions);
    checks.check("keys: a wrong one is refused", this::wrongKey);
  }

  private CosmosContainer container(CosmosClient client, String name) {
    client.getDatabase("throttled").createContainerIfNotExists(name, "/pk",
        ThroughputProperties.createManualThroughput(UNITS));
    return client.getDatabase("throttled").getContainer(name);
  }

  private void refusal() {
    try (CosmosClient client = checks.impatient().buildClient()) {
      CosmosContainer container = container(client, "refusal");
      for (int i = 0; i < WRITES_MAX; ++i) {
        try {
          container.upsertItem(Checks.document("d" + i, "p", i).put("text", LONG_TEXT));
        } catch (CosmosException refusal) {
          Checks.same("429/3200", refusal.getStatusCode() + "/" + refusal.getSubStatusCode());
          Checks.holds(!refusal.getRetryAfterDuration().isZero(), "it says how long to wait");
          Checks.holds(refusal.getRequestCharge() > 0, "a refusal costs");
          return;
        }
      }
    }
    throw new AssertionError("never throttled");
  }

  private void bulkWaits() {
    List<CosmosItemOperation> operations = new ArrayList<>();
    for (int i = 0; i < BULK_DOCUMENTS; ++i) {
      operations.add(CosmosBulkOperations.getUpsertItemOperation(Checks.document("d" + i, "k" + i, i),
          new PartitionKey("k" + i)));
    }
    int done = 0;
    try (CosmosClient client = checks.patient().buildClient()) {
      for (CosmosBulkOperationResponse<Object> response
          : container(client, "waits").executeBulkOperations(operations)) {
        if (response.getResponse() != null && response.getResponse().isSuccessStatusCode()) ++done;
      }
    }
    Checks.same(BULK_DOCUMENTS, done);
  }

  // As the Spark connector sets it up: a container whose key is /groupId, with time to live.
  private void globalControl() throws Exception {
    CosmosContainerProperties control = new CosmosContainerProperties("control", "/groupId");
    control.setDefaultTimeToLiveInSeconds(-1);
    checks.client.getDatabase("throttled").createContainer(control);
    try (CosmosClient client = checks.builder().buildClient()) {
      CosmosContainer container = container(client, "controlled");
      ThroughputControlGroupConfig group = new ThroughputControlGroupConfigBuilder()
          .groupName("writers").targetThroughputThreshold(0.5).build();
      GlobalThroughputControlConfig global = client
          .createGlobalThroughputControlConfigBuilder("throttled", "control")
          .setControlItemRenewInterval(Duration.ofSeconds(5)).build();
      container.enableGlobalThroughputControlGroup(group, global);
      CosmosItemRequestOptions options = new CosmosItemRequestOptions();
      options.setThroughputControlGroupName("writers");
      for (int i = 0; i < 20; ++i) {
        container.upsertItem(Checks.document("d" + i, "p", i), new PartitionKey("p"), options);
      }
    }
    List<String> groups = new ArrayList<>();
    for (JsonNode item : checks.client.getDatabase("throttled").getContainer("control")
        .queryItems("SELECT c.groupId FROM c ORDER BY c.groupId", null, JsonNode.class)) {
      groups.add(item.get("groupId").textValue());
    }
    Checks.holds(groups.contains("throttled/controlled/writers.config"), "the configuration is kept: " + groups);
    Checks.holds(groups.contains("throttled/controlled/writers.client"), "the client is listed: " + groups);
  }

  private void serverControl() {
    try (CosmosClient client = checks.builder().buildClient()) {
      CosmosContainer container = container(client, "buckets");
      container.enableServerThroughputControlGroup(
          new ThroughputControlGroupConfigBuilder().groupName("bucket").throughputBucket(2).build());
      container.enableLocalThroughputControlGroup(
          new ThroughputControlGroupConfigBuilder().groupName("low").priorityLevel(PriorityLevel.LOW).build());
      for (String group : List.of("bucket", "low")) {
        CosmosItemRequestOptions options = new CosmosItemRequestOptions();
        options.setThroughputControlGroupName(group);
        Checks.holds(container.upsertItem(Checks.document(group, "p", 1), new PartitionKey("p"), options)
            .getStatusCode() == 201, group);
      }
    }
  }

  private void sessions() {
    CosmosContainer ours = container(checks.client, "sessions");
    String token = ours.upsertItem(Checks.document("d", "p", 1)).getSessionToken();
    try (CosmosClient other = checks.builder().buildClient()) {
      CosmosItemRequestOptions options = new CosmosItemRequestOptions().setSessionToken(token);
      CosmosContainer theirs = other.getDatabase("throttled").getContainer("sessions");
      Checks.same(200, theirs.readItem("d", new PartitionKey("p"), options, JsonNode.class).getStatusCode());
    }
  }

  private void wrongKey() {
    String wrong = java.util.Base64.getEncoder().encodeToString(new byte[64]);
    try (CosmosClient client = checks.builder().key(wrong).buildClient()) {
      throw new AssertionError("a client was built with a wrong key");
    } catch (RuntimeException refusal) {
      Checks.holds(refusal.getMessage().contains("StatusCode: Unauthorized"), refusal.getMessage());
    }
  }
}
