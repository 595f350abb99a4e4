// What the flows share: a check is a name and a body; one JSON line each says how it went.
import com.azure.cosmos.ConsistencyLevel;
import com.azure.cosmos.CosmosClient;
import com.azure.cosmos.CosmosClientBuilder;
import com.azure.cosmos.CosmosException;
import com.azure.cosmos.ThrottlingRetryOptions;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

final class Checks {
  static final ObjectMapper JSON = new ObjectMapper();

  static final int RETRIES_OF_THE_PATIENT = 1000;
  static final Duration WAIT_OF_THE_PATIENT = Duration.ofSeconds(60);

  interface Body {
    void run() throws Exception;
  }

  final String endpoint;
  final String key;
  final CosmosClient client;

  Checks(String endpoint, String key) {
    this.endpoint = endpoint;
    this.key = key;
    this.client = builder().buildClient();
  }

  CosmosClientBuilder builder() {
    return new CosmosClientBuilder()
        .endpoint(endpoint)
        .key(key)
        .gatewayMode()
        .consistencyLevel(ConsistencyLevel.SESSION)
        .contentResponseOnWriteEnabled(true);
  }

  /** A client that reports the first 429 instead of waiting it out. */
  CosmosClientBuilder impatient() {
    ThrottlingRetryOptions never = new ThrottlingRetryOptions().setMaxRetryAttemptsOnThrottledRequests(0);
    return builder().throttlingRetryOptions(never);
  }

  /** A client that waits out every 429, as the Spark connector's does. */
  CosmosClientBuilder patient() {
    ThrottlingRetryOptions always = new ThrottlingRetryOptions()
        .setMaxRetryAttemptsOnThrottledRequests(RETRIES_OF_THE_PATIENT).setMaxRetryWaitTime(WAIT_OF_THE_PATIENT);
    return builder().throttlingRetryOptions(always);
  }

  void check(String name, Body body) {
    ObjectNode line = JSON.createObjectNode().put("name", name);
    try {
      body.run();
      line.putNull("failure");
    } catch (Throwable failure) {
      StackTraceElement[] trace = failure.getStackTrace();
      String where = "";
      for (StackTraceElement element : trace) {
        if (element.getFileName() != null && element.getFileName().endsWith("Flow.java")) {
          where = element.getFileName() + ":" + element.getLineNumber() + ": ";
          break;
        }
      }
      String text = failure instanceof CosmosException
          ? ((CosmosException) failure).getStatusCode() + "/" + ((CosmosException) failure).getSubStatusCode()
              + " " + ((CosmosException) failure).getShortMessage()
          : failure.toString();
      line.put("failure", where + text);
    }
    System.out.println(line);
  }

  static void same(Object expected, Object actual) {
    if (!Objects.equals(expected, actual)) {
      throw new AssertionError("expected " + expected + ", got " + actual);
    }
  }

  static void holds(boolean condition, String what) {
    if (!condition) throw new AssertionError(what);
  }

  /** Asserts that a call is refused with a status and substatus. */
  static CosmosException refused(int status, int substatus, Body body) throws Exception {
    try {
      body.run();
    } catch (CosmosException refusal) {
      same(status + "/" + substatus, refusal.getStatusCode() + "/" + refusal.getSubStatusCode());
      return refusal;
    }
    throw new AssertionError("expected " + status + "/" + substatus + ", but it was done");
  }

  static ObjectNode document(String id, String pk, int number) {
    return JSON.createObjectNode().put("id", id).put("pk", pk).put("number", number);
  }

  static List<Integer> numbers(Iterable<JsonNode> rows, String field) {
    List<Integer> found = new ArrayList<>();
    for (JsonNode row : rows) found.add(row.get(field).intValue());
    return found;
  }
}
