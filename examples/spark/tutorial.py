# %% [markdown]
# # From a Delta table to Azure Cosmos DB, with Spark
#
# Seven steps: configure, a sample table, the initial load, the change data feed, changes in a
# batch, changes as a stream, and a query on what is there. At the end the container equals the
# table.
#
# The same on open-source Spark 3.5 and 4, Databricks and Fabric: only the settings of step 1
# differ. How to start it, and the container it needs: docs/spark.md, "The tutorial".

# %% [markdown]
# ## 1. Configure
#
# The options are those of the Cosmos DB connector. On Databricks take the key from a secret scope,
# `dbutils.secrets.get("cosmos", "key")`; on Fabric from a key vault,
# `notebookutils.credentials.getSecret("https://contoso.vault.azure.net/", "cosmos-key")`. For the
# local server add its certificate, `"spillway.caFile": "cosmos/emulator.crt"`.

# %%
import os

import spillway.spark
from pyspark.sql import SparkSession

cosmos_config = {
    "spark.cosmos.accountEndpoint": os.environ["COSMOS_ENDPOINT"],
    "spark.cosmos.accountKey": os.environ["COSMOS_KEY"],
    "spark.cosmos.database": "cosmicworks",
    "spark.cosmos.container": "products",
}
table = "products"
checkpoint = "checkpoints/products"  # on Databricks a folder of a volume, on Fabric one of Files/

# %% [markdown]
# Databricks and Fabric have a session already, which this takes; elsewhere it starts one with
# Delta.

# %%
spark = (
    SparkSession.builder.appName("products")
    .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
    .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
    .getOrCreate()
)
data_sources = int(spark.version.split(".")[0]) >= 4  # in Python they came with Spark 4
if data_sources:
    spillway.spark.register(spark)

# %% [markdown]
# ## 2. A sample Delta table

# %%
spark.sql(f"""
    CREATE OR REPLACE TABLE {table} USING delta AS
    SELECT concat('p', id) AS id,
           element_at(array('bikes', 'helmets', 'wheels'), int(id % 3) + 1) AS category,
           concat('Product ', id) AS name,
           double(id) * 1.25 AS price,
           array(concat('size ', id % 4), 'new') AS tags,
           timestamp_seconds(1767225600 + id) AS updated
    FROM range(1000)
""")
spark.table(table).show(5, truncate=False)

# %% [markdown]
# ## 3. The initial load
#
# The version that is loaded is noted: the changes that follow it come next.

# %%
def version_of(table):
    return spark.sql(f"DESCRIBE HISTORY {table} LIMIT 1").first()["version"]


loaded = version_of(table)
products = spark.sql(f"SELECT * FROM {table} VERSION AS OF {loaded}")
if data_sources:
    products.write.format("spillway.cosmos").mode("append").options(**cosmos_config).save()
else:
    print(spillway.spark.write(products, cosmos_config))

# %% [markdown]
# ## 4. The change data feed
#
# From here on Delta records what becomes of every row.

# %%
spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES (delta.enableChangeDataFeed = true)")

# %% [markdown]
# ## 5. Changes in a batch
#
# Rows change, come and go; some move to another category, which is the container's partition key.

# %%
spark.sql(f"UPDATE {table} SET price = price + 1, updated = current_timestamp() WHERE price < 100")
spark.sql(f"UPDATE {table} SET category = 'sale' WHERE price < 20")
spark.sql(f"DELETE FROM {table} WHERE category = 'wheels' AND price > 800")
spark.sql(f"""
    INSERT INTO {table}
    SELECT concat('p', id), 'gloves', concat('Product ', id), double(id) * 1.25, array('new'),
           current_timestamp()
    FROM range(1000, 1050)
""")

# %% [markdown]
# Each change is applied as what it is: what was deleted goes, and a row that has moved leaves
# nothing behind in its old category. Of several changes to a row the last one counts.

# %%
applied = version_of(table)
changes = (
    spark.read.option("readChangeFeed", "true")
    .option("startingVersion", loaded + 1)
    .option("endingVersion", applied)
    .table(table)
)
print(spillway.spark.apply_changes(changes, cosmos_config))

# %% [markdown]
# ## 6. Changes as a stream
#
# The same, for as long as the stream runs. From its second start on the checkpoint knows where it
# was, and `startingVersion` is not looked at. (A version that comes twice does no harm.)

# %%
feed = spark.readStream.option("readChangeFeed", "true").option("startingVersion", applied)
stream = (
    spillway.spark.apply_changes(feed.table(table), cosmos_config)
    .option("checkpointLocation", checkpoint)
    .start()
)

# %%
spark.sql(f"DELETE FROM {table} WHERE category = 'gloves' AND price < 1260")
spark.sql(f"UPDATE {table} SET category = 'bikes' WHERE category = 'sale' AND price < 10")
spark.sql(f"""
    MERGE INTO {table} USING (SELECT concat('p', id) AS id FROM range(1040, 1060)) AS more
    ON {table}.id = more.id
    WHEN MATCHED THEN UPDATE SET price = price * 2
    WHEN NOT MATCHED THEN INSERT (id, category, name, price) VALUES (more.id, 'gloves', 'New', 9.5)
""")
stream.processAllAvailable()  # a job of your own goes on: leave these two lines out
stream.stop()

# %% [markdown]
# ## 7. Query back
#
# With the table's schema the documents come back as the rows that they were.

# %%
schema = spark.table(table).schema
if data_sources:
    reader = spark.read.format("spillway.cosmos").schema(schema).options(**cosmos_config)
    documents = reader.load()
else:
    documents = spillway.spark.read(spark, cosmos_config, schema)
documents.groupBy("category").agg({"id": "count", "price": "max"}).orderBy("category").show()

# %% [markdown]
# And the container equals the table: nothing is missing, and nothing is there that should not be.

# %%
missing = spark.table(table).exceptAll(documents).count()
unexpected = documents.exceptAll(spark.table(table)).count()
print(f"missing: {missing}, unexpected: {unexpected}")
