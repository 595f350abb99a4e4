// The whole surface of azure-cosmos in gateway mode. java Flow ENDPOINT KEY
public final class Flow {
  public static void main(String[] arguments) {
    Checks checks = new Checks(arguments[0], arguments[1]);
    new ResourceFlow(checks).run();
    new ItemFlow(checks).run();
    new QueryFlow(checks).run();
    new ThroughputFlow(checks).run();
    System.exit(0);
  }
}
