import com.azure.cosmos.CosmosContainer;
import com.azure.cosmos.CosmosDatabase;
import com.azure.cosmos.CosmosException;
import com.azure.cosmos.models.PartitionKey;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.function.Function;

/** Reads through the pointer of a pipeline with `strategy: switch` (docs/switch.md). Thread-safe. */
final class SwitchedContainer {
  private static final int NOT_FOUND = 404;

  private final CosmosDatabase database;
  private final CosmosContainer pointers;
  private final String id;
  private final Duration cache;
  private String name;
  private long readAt;

  /** `cache`: how long the pointer is believed without being read; far below `sync.switch.keep`. */
  SwitchedContainer(CosmosDatabase database, String pointers, String id, Duration cache) {
    this.database = database;
    this.pointers = database.getContainer(pointers);
    this.id = id;
    this.cache = cache;
  }

  /**
   * Calls `work` once for the whole of one answer: never mix two containers. When a document, or the
   * container itself, is not there, the pointer may have moved on: it is read again, and the work is
   * done once more if it has. Else it is truly not there.
   */
  <T> T read(Function<CosmosContainer, T> work) {
    String container = current(null);
    try {
      return work.apply(database.getContainer(container));
    } catch (CosmosException problem) {
      if (problem.getStatusCode() != NOT_FOUND) throw problem;
      String now = current(container);
      if (now.equals(container)) throw problem;
      return work.apply(database.getContainer(now));
    }
  }

  /** `doubted`: a name that is not believed any more. */
  private synchronized String current(String doubted) {
    boolean old = System.nanoTime() - readAt > cache.toNanos();
    if (name == null || old || name.equals(doubted)) {
      JsonNode pointer = pointers.readItem(id, new PartitionKey(id), JsonNode.class).getItem();
      name = pointer.get("container").asText();
      readAt = System.nanoTime();
    }
    return name;
  }
}
