// A client of a throughput control group that writes as fast as its share lets it, until it is killed.
// java GroupMember ENDPOINT KEY DATABASE CONTAINER CONTROL_CONTAINER GROUP UNITS WRITERS
import com.azure.cosmos.CosmosAsyncClient;
import com.azure.cosmos.CosmosAsyncContainer;
import com.azure.cosmos.GlobalThroughputControlConfig;
import com.azure.cosmos.ThroughputControlGroupConfig;
import com.azure.cosmos.ThroughputControlGroupConfigBuilder;
import com.azure.cosmos.models.CosmosItemRequestOptions;
import com.azure.cosmos.models.PartitionKey;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.publisher.Flux;

public final class GroupMember {
  public static void main(String[] arguments) {
    Checks checks = new Checks(arguments[0], arguments[1]);
    int writers = Integer.parseInt(arguments[7]);
    CosmosAsyncClient client = checks.patient().buildAsyncClient();
    CosmosAsyncContainer container = client.getDatabase(arguments[2]).getContainer(arguments[3]);
    ThroughputControlGroupConfig group = new ThroughputControlGroupConfigBuilder()
        .groupName(arguments[5]).targetThroughput(Integer.parseInt(arguments[6])).build();
    GlobalThroughputControlConfig global =
        client.createGlobalThroughputControlConfigBuilder(arguments[2], arguments[4])
            .setControlItemRenewInterval(Duration.ofSeconds(5)).build();
    container.enableGlobalThroughputControlGroup(group, global);
    CosmosItemRequestOptions options = new CosmosItemRequestOptions();
    options.setThroughputControlGroupName(arguments[5]);
    AtomicInteger number = new AtomicInteger();
    Flux.range(0, writers).flatMap(writer -> Flux.defer(() -> {
      ObjectNode document = Checks.document("java-" + number.incrementAndGet(), "p", 1);
      String id = document.get("id").textValue();
      return container.upsertItem(document, new PartitionKey(id), options);
    }).onErrorComplete().repeat(), writers).blockLast();
  }
}
