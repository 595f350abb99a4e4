// Databases, containers with all their settings, and throughput as a resource.
import com.azure.cosmos.CosmosContainer;
import com.azure.cosmos.CosmosDatabase;
import com.azure.cosmos.models.CompositePath;
import com.azure.cosmos.models.CompositePathSortOrder;
import com.azure.cosmos.models.CosmosContainerProperties;
import com.azure.cosmos.models.ExcludedPath;
import com.azure.cosmos.models.IndexingPolicy;
import com.azure.cosmos.models.PartitionKeyDefinition;
import com.azure.cosmos.models.PartitionKeyDefinitionVersion;
import com.azure.cosmos.models.PartitionKind;
import com.azure.cosmos.models.ThroughputProperties;
import com.azure.cosmos.models.ThroughputResponse;
import com.azure.cosmos.models.UniqueKey;
import com.azure.cosmos.models.UniqueKeyPolicy;
import java.util.List;

final class ResourceFlow {
  private final Checks checks;

  ResourceFlow(Checks checks) {
    this.checks = checks;
  }

  void run() {
    checks.check("database: create, read, list, delete", this::databases);
    checks.check("container: settings survive", this::containerSettings);
    checks.check("container: replace, list, delete", this::containerReplace);
    checks.check("container: hierarchical and first-version keys", this::containerKeys);
    checks.check("throughput: manual, and back within the minimum", this::manualThroughput);
    checks.check("throughput: autoscale; the client cannot migrate", this::autoscale);
    checks.check("throughput: shared by a database", this::sharedThroughput);
  }

  private void databases() throws Exception {
    Checks.same(201, checks.client.createDatabase("databases").getStatusCode());
    Checks.refused(409, 0, () -> checks.client.createDatabase("databases"));
    Checks.same("databases", checks.client.getDatabase("databases").read().getProperties().getId());
    Checks.holds(checks.client.readAllDatabases().stream().anyMatch(d -> d.getId().equals("databases")),
        "the database is listed");
    Checks.same(1L, checks.client
        .queryDatabases("SELECT * FROM d WHERE d.id = 'databases'", null).stream().count());
    Checks.same(204, checks.client.getDatabase("databases").delete().getStatusCode());
    Checks.refused(404, 0, () -> checks.client.getDatabase("databases").read());
  }

  private CosmosDatabase database() {
    checks.client.createDatabaseIfNotExists("resources");
    return checks.client.getDatabase("resources");
  }

  private void containerSettings() {
    CosmosContainerProperties wanted = new CosmosContainerProperties("settings", "/a/b");
    wanted.setDefaultTimeToLiveInSeconds(-1);
    wanted.setUniqueKeyPolicy(new UniqueKeyPolicy().setUniqueKeys(List.of(new UniqueKey(List.of("/mail")))));
    IndexingPolicy indexing = new IndexingPolicy();
    indexing.setExcludedPaths(List.of(new ExcludedPath("/big/*")));
    indexing.setCompositeIndexes(List.of(List.of(
        new CompositePath().setPath("/x").setOrder(CompositePathSortOrder.ASCENDING),
        new CompositePath().setPath("/y").setOrder(CompositePathSortOrder.DESCENDING))));
    wanted.setIndexingPolicy(indexing);
    Checks.same(201, database().createContainer(wanted).getStatusCode());
    CosmosContainerProperties found = database().getContainer("settings").read().getProperties();
    Checks.same(List.of("/a/b"), found.getPartitionKeyDefinition().getPaths());
    Checks.same(-1, found.getDefaultTimeToLiveInSeconds());
    Checks.same(List.of("/mail"), found.getUniqueKeyPolicy().getUniqueKeys().get(0).getPaths());
    Checks.same(2, found.getIndexingPolicy().getCompositeIndexes().get(0).size());
    Checks.same("/_ts", found.getConflictResolutionPolicy().getConflictResolutionPath());
    Checks.holds(found.getResourceId() != null && found.getETag() != null, "system properties are there");
  }

  private void containerReplace() throws Exception {
    CosmosContainer container = database().getContainer("replaced");
    database().createContainer(new CosmosContainerProperties("replaced", "/pk"));
    CosmosContainerProperties properties = container.read().getProperties();
    properties.setDefaultTimeToLiveInSeconds(60);
    Checks.same(200, container.replace(properties).getStatusCode());
    Checks.same(60, container.read().getProperties().getDefaultTimeToLiveInSeconds());
    Checks.holds(database().readAllContainers().stream().anyMatch(c -> c.getId().equals("replaced")),
        "the container is listed");
    Checks.same(1L, database().queryContainers("SELECT * FROM c WHERE c.id = 'replaced'").stream().count());
    Checks.same(204, container.delete().getStatusCode());
    Checks.refused(404, 0, () -> database().getContainer("replaced").read());
  }

  private void containerKeys() {
    PartitionKeyDefinition levels = new PartitionKeyDefinition();
    levels.setKind(PartitionKind.MULTI_HASH);
    levels.setVersion(PartitionKeyDefinitionVersion.V2);
    levels.setPaths(List.of("/tenant", "/user"));
    database().createContainer(new CosmosContainerProperties("levels", levels));
    Checks.same(PartitionKind.MULTI_HASH,
        database().getContainer("levels").read().getProperties().getPartitionKeyDefinition().getKind());
    PartitionKeyDefinition old = new PartitionKeyDefinition();
    old.setVersion(PartitionKeyDefinitionVersion.V1);
    old.setPaths(List.of("/pk"));
    database().createContainer(new CosmosContainerProperties("first", old));
    Checks.holds(database().getContainer("first").getFeedRanges().size() >= 1, "it has ranges");
  }

  private void manualThroughput() throws Exception {
    CosmosContainer container = database().getContainer("manual");
    database().createContainer("manual", "/pk", ThroughputProperties.createManualThroughput(1000));
    ThroughputResponse read = container.readThroughput();
    Checks.same(1000, read.getProperties().getManualThroughput());
    Checks.same(400, read.getMinThroughput());
    Checks.same(2000, container.replaceThroughput(ThroughputProperties.createManualThroughput(2000))
        .getProperties().getManualThroughput());
    Checks.refused(400, 0, () -> container.replaceThroughput(ThroughputProperties.createManualThroughput(100)));
    Checks.same(2000, container.readThroughput().getProperties().getManualThroughput());
  }

  private void autoscale() throws Exception {
    CosmosContainer container = database().getContainer("autoscale");
    database().createContainer("autoscale", "/pk", ThroughputProperties.createAutoscaledThroughput(4000));
    Checks.same(4000, container.readThroughput().getProperties().getAutoscaleMaxThroughput());
    container.replaceThroughput(ThroughputProperties.createAutoscaledThroughput(8000));
    Checks.same(8000, container.readThroughput().getProperties().getAutoscaleMaxThroughput());
    Checks.refused(400, 0, () -> container.replaceThroughput(ThroughputProperties.createManualThroughput(1000)));
  }

  private void sharedThroughput() throws Exception {
    checks.client.createDatabase("shared", ThroughputProperties.createManualThroughput(500));
    CosmosDatabase database = checks.client.getDatabase("shared");
    Checks.same(500, database.readThroughput().getProperties().getManualThroughput());
    database.createContainer("inside", "/pk");
    Checks.refused(400, 0, () -> database.getContainer("inside").readThroughput());
    Checks.same(600, database.replaceThroughput(ThroughputProperties.createManualThroughput(600))
        .getProperties().getManualThroughput());
  }
}
