package main

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/data/azcosmos"
)

func rows(made *azcosmos.ContainerClient, text string, in azcosmos.PartitionKey, options *azcosmos.QueryOptions) ([][]byte, int) {
	found := [][]byte{}
	pager := made.NewQueryItemsPager(text, in, options)
	pages := 0
	for ; pager.More(); pages++ {
		same(true, pages < pagesMax)
		page, err := pager.NextPage(ctx)
		must(err)
		found = append(found, page.Items...)
	}
	return found, pages
}

func queries(account *azcosmos.Client) {
	made := container(database(account, "queries"), "queries", 4*unitsOfRange, "/pk")
	for i := 0; i < documents; i++ {
		pk := fmt.Sprintf("k%d", i%groups)
		item := document{"id": fmt.Sprint(i), "pk": pk, "number": i}
		_, err := made.CreateItem(ctx, key(pk), item.bytes(), nil)
		must(err)
	}
	everywhere := azcosmos.NewPartitionKey()
	check("query: filters over ranges", func() {
		options := &azcosmos.QueryOptions{QueryParameters: []azcosmos.QueryParameter{{Name: "@most", Value: 10}}}
		found, _ := rows(made, "SELECT c.number FROM c WHERE c.number < @most", everywhere, options)
		same(10, len(found))
	})
	check("query: pages over ranges", func() {
		found, pages := rows(made, "SELECT * FROM c", everywhere, &azcosmos.QueryOptions{PageSizeHint: 7})
		same(documents, len(found))
		same(true, pages >= documents/7)
	})
	check("query: in one partition, everything", func() {
		found, _ := rows(made, "SELECT VALUE COUNT(1) FROM c", key("k1"), nil)
		same("15", string(found[0]))
		found, _ = rows(made, "SELECT VALUE c.number FROM c ORDER BY c.number DESC OFFSET 1 LIMIT 2", key("k1"), nil)
		same("53 49", string(found[0])+" "+string(found[1]))
		found, _ = rows(made, "SELECT c.pk, MAX(c.number) AS most FROM c GROUP BY c.pk", key("k2"), nil)
		same(58, parsed(found[0])["most"])
	})
	check("query: index metrics", func() {
		options := &azcosmos.QueryOptions{PopulateIndexMetrics: true}
		page, err := made.NewQueryItemsPager("SELECT * FROM c WHERE c.number = 3", key("k3"), options).NextPage(ctx)
		must(err)
		same(true, page.IndexMetrics != nil)
		metrics, err := base64.StdEncoding.DecodeString(*page.IndexMetrics)
		must(err)
		same(true, strings.Contains(string(metrics), "/number/?"))
	})
	check("query: what needs a plan is refused", func() {
		_, err := made.NewQueryItemsPager("SELECT * FROM c ORDER BY c.number", everywhere, nil).NextPage(ctx)
		refused(400, err)
		_, err = made.NewQueryItemsPager("SELEKT", key("k1"), nil).NextPage(ctx)
		refused(400, err)
	})
}

func throttling(account *azcosmos.Client, endpoint, accountKey string) {
	container(database(account, "throttled"), "throttled", 400, "/pk")
	check("throttling: 429 with the time to wait", func() {
		made, err := impatient(endpoint, accountKey).NewContainer("throttled", "throttled")
		must(err)
		item := document{"id": "1", "pk": "p", "text": strings.Repeat("x", 200_000)}
		for i := 0; i < 200; i++ {
			if _, err = made.UpsertItem(ctx, key("p"), item.bytes(), nil); err != nil {
				break
			}
		}
		refusal := refused(429, err)
		same("3200", refusal.RawResponse.Header.Get("x-ms-substatus"))
		same(true, refusal.RawResponse.Header.Get("x-ms-retry-after-ms") != "")
	})
	check("throttling: waited out by the client", func() {
		made, err := account.NewContainer("throttled", "throttled")
		must(err)
		_, err = made.UpsertItem(ctx, key("q"), document{"id": "1", "pk": "q"}.bytes(), nil)
		must(err)
	})
	check("keys: a wrong one is refused", func() {
		wrong := strings.Repeat("A", 86) + "=="
		made, err := client(endpoint, wrong, nil).NewDatabase("throttled")
		must(err)
		_, err = made.Read(ctx, nil)
		same(true, err != nil && strings.Contains(err.Error(), "401"))
	})
}
