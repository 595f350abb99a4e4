import com.azure.cosmos.CosmosClient;
import com.azure.cosmos.CosmosClientBuilder;
import com.azure.cosmos.CosmosException;
import com.azure.cosmos.models.PartitionKey;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;

/** Answers each line, an id, with the stamp of that document as samples/readers/java finds it. */
final class ReaderDriver {
  private static final int NOT_FOUND = 404;

  public static void main(String[] words) throws Exception {
    try (CosmosClient client =
        new CosmosClientBuilder().endpoint(words[0]).key(words[1]).gatewayMode().buildClient()) {
      SwitchedContainer switched =
          new SwitchedContainer(client.getDatabase(words[2]), words[3], words[4],
              Duration.ofMillis(Long.parseLong(words[5])));
      BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        System.out.println(stampOf(switched, line));
      }
    }
  }

  private static String stampOf(SwitchedContainer switched, String id) {
    try {
      return switched
          .read(c -> c.readItem(id, new PartitionKey(id), JsonNode.class).getItem())
          .get("stamp")
          .asText();
    } catch (CosmosException problem) {
      if (problem.getStatusCode() == NOT_FOUND) return "none";
      throw problem;
    }
  }
}
