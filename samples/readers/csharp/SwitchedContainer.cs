using System;
using System.Net;
using System.Threading.Tasks;
using Microsoft.Azure.Cosmos;

/// <summary>Reads through the pointer of a pipeline with `strategy: switch` (docs/switch.md).</summary>
public sealed class SwitchedContainer
{
    private sealed record Pointer(string container);

    private readonly Database database;
    private readonly Container pointers;
    private readonly string id;
    private readonly TimeSpan cache;
    private volatile string name;
    private long readAt;

    /// <param name="cache">How long the pointer is believed without being read; far below
    /// `sync.switch.keep`.</param>
    public SwitchedContainer(Database database, string pointers, string id, TimeSpan cache)
    {
        this.database = database;
        this.pointers = database.GetContainer(pointers);
        this.id = id;
        this.cache = cache;
    }

    /// <summary>Calls `work` once for the whole of one answer: never mix two containers. When a
    /// document, or the container itself, is not there, the pointer may have moved on: it is read
    /// again, and the work is done once more if it has. Else it is truly not there.</summary>
    public async Task<T> ReadAsync<T>(Func<Container, Task<T>> work)
    {
        string container = await CurrentAsync(doubted: null);
        try
        {
            return await work(database.GetContainer(container));
        }
        catch (CosmosException problem) when (problem.StatusCode == HttpStatusCode.NotFound)
        {
            string now = await CurrentAsync(doubted: container);
            if (now == container) throw;
            return await work(database.GetContainer(now));
        }
    }

    private async Task<string> CurrentAsync(string doubted)
    {
        bool old = Environment.TickCount64 - readAt > cache.TotalMilliseconds;
        if (name == null || old || name == doubted)
        {
            ItemResponse<Pointer> read =
                await pointers.ReadItemAsync<Pointer>(id, new PartitionKey(id));
            name = read.Resource.container;
            readAt = Environment.TickCount64;
        }
        return name;
    }
}
