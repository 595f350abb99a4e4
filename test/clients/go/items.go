package main

import (
	"encoding/json"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/azcosmos"
)

func parsed(text []byte) document {
	found := document{}
	must(json.Unmarshal(text, &found))
	return found
}

func items(account *azcosmos.Client) {
	db := database(account, "items")
	made := container(db, "items", 20_000, "/pk")
	check("items: create, read, upsert, replace, delete", func() {
		item := document{"id": "life ä", "pk": "p", "number": 1}
		created, err := made.CreateItem(ctx, key("p"), item.bytes(), withContent())
		must(err)
		same(201, created.RawResponse.StatusCode)
		same(1, parsed(created.Value)["number"])
		same(true, created.RequestCharge > 5)
		same(true, created.SessionToken != nil && created.ETag != "")
		_, err = made.CreateItem(ctx, key("p"), item.bytes(), nil)
		refused(409, err)
		item["number"] = 2
		upserted, err := made.UpsertItem(ctx, key("p"), item.bytes(), nil)
		must(err)
		same(200, upserted.RawResponse.StatusCode)
		same(0, len(upserted.Value))
		item["number"] = 3
		_, err = made.ReplaceItem(ctx, key("p"), "life ä", item.bytes(), nil)
		must(err)
		read, err := made.ReadItem(ctx, key("p"), "life ä", &azcosmos.ItemOptions{SessionToken: upserted.SessionToken})
		must(err)
		same(3, parsed(read.Value)["number"])
		_, err = made.DeleteItem(ctx, key("p"), "life ä", nil)
		must(err)
		_, err = made.ReadItem(ctx, key("p"), "life ä", nil)
		refused(404, err)
	})
	check("items: conditions on etags", func() {
		item := document{"id": "etag", "pk": "p"}
		first, err := made.UpsertItem(ctx, key("p"), item.bytes(), nil)
		must(err)
		second, err := made.UpsertItem(ctx, key("p"), item.bytes(), nil)
		must(err)
		_, err = made.ReplaceItem(ctx, key("p"), "etag", item.bytes(), &azcosmos.ItemOptions{IfMatchEtag: &first.ETag})
		refused(412, err)
		_, err = made.ReplaceItem(ctx, key("p"), "etag", item.bytes(), &azcosmos.ItemOptions{IfMatchEtag: &second.ETag})
		must(err)
		any := azcore.ETagAny
		_, err = made.DeleteItem(ctx, key("p"), "etag", &azcosmos.ItemOptions{IfMatchEtag: &any})
		must(err)
	})
	check("items: keys of every type, and hierarchical", func() {
		for name, one := range map[string]struct {
			key   azcosmos.PartitionKey
			value any
		}{
			"number": {azcosmos.NewPartitionKeyNumber(12.5), 12.5},
			"bool":   {azcosmos.NewPartitionKeyBool(true), true},
			"null":   {azcosmos.NullPartitionKey, nil},
		} {
			_, err := made.CreateItem(ctx, one.key, document{"id": name, "pk": one.value}.bytes(), nil)
			must(err)
			_, err = made.ReadItem(ctx, one.key, name, nil)
			must(err)
		}
		levels := container(db, "levels", 1000, "/tenant", "/user")
		full := azcosmos.NewPartitionKey().AppendString("t").AppendString("u")
		_, err := levels.CreateItem(ctx, full, document{"id": "1", "tenant": "t", "user": "u"}.bytes(), nil)
		must(err)
		_, err = levels.ReadItem(ctx, full, "1", nil)
		must(err)
	})
	check("patch: operations and condition", func() {
		_, err := made.UpsertItem(ctx, key("p"),
			document{"id": "patch", "pk": "p", "number": 1, "old": 1, "list": []string{"a", "c"}}.bytes(), nil)
		must(err)
		operations := azcosmos.PatchOperations{}
		operations.AppendAdd("/list/1", "b")
		operations.AppendSet("/fresh", 5)
		operations.AppendReplace("/number", 10)
		operations.AppendIncrement("/number", 2)
		operations.AppendRemove("/old")
		patched, err := made.PatchItem(ctx, key("p"), "patch", operations, withContent())
		must(err)
		found := parsed(patched.Value)
		same([]any{"a", "b", "c"}, found["list"])
		same(12, found["number"])
		same(5, found["fresh"])
		operations = azcosmos.PatchOperations{}
		operations.SetCondition("from c where c.number = 1")
		operations.AppendSet("/number", 0)
		_, err = made.PatchItem(ctx, key("p"), "patch", operations, nil)
		refused(412, err)
	})
	check("items: what is wrong is refused", func() {
		_, err := made.CreateItem(ctx, key("q"), document{"id": "1", "pk": "p"}.bytes(), nil)
		refused(400, err)
		_, err = made.CreateItem(ctx, key("p"), []byte("{"), nil)
		refused(400, err)
		large := document{"id": "large", "pk": "p", "text": strings.Repeat("x", 2_100_000)}
		_, err = made.CreateItem(ctx, key("p"), large.bytes(), nil)
		refused(413, err)
	})
}

func batches(account *azcosmos.Client) {
	made := container(database(account, "batches"), "batches", 10_000, "/pk")
	check("batch: done as one", func() {
		batch := made.NewTransactionalBatch(key("done"))
		batch.CreateItem(document{"id": "1", "pk": "done", "number": 1}.bytes(), nil)
		batch.UpsertItem(document{"id": "2", "pk": "done"}.bytes(), nil)
		batch.ReplaceItem("1", document{"id": "1", "pk": "done", "number": 11}.bytes(), nil)
		operations := azcosmos.PatchOperations{}
		operations.AppendIncrement("/number", 1)
		batch.PatchItem("1", operations, nil)
		batch.ReadItem("1", nil)
		batch.DeleteItem("2", nil)
		done, err := made.ExecuteTransactionalBatch(ctx, batch, nil)
		must(err)
		same(true, done.Success)
		same(12, parsed(done.OperationResults[4].ResourceBody)["number"])
		same(204, done.OperationResults[5].StatusCode)
	})
	check("batch: rolled back as one", func() {
		batch := made.NewTransactionalBatch(key("back"))
		batch.CreateItem(document{"id": "new", "pk": "back"}.bytes(), nil)
		batch.DeleteItem("not there", nil)
		done, err := made.ExecuteTransactionalBatch(ctx, batch, nil)
		must(err)
		same(false, done.Success)
		same(424, done.OperationResults[0].StatusCode)
		same(404, done.OperationResults[1].StatusCode)
		_, err = made.ReadItem(ctx, key("back"), "new", nil)
		refused(404, err)
	})
}
