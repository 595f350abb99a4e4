// The whole surface of azcosmos. flow ENDPOINT KEY, with SSL_CERT_FILE naming the server's certificate.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/azcosmos"
)

const (
	documents    = 60
	groups       = 4
	pagesMax     = 1000
	unitsOfRange = 6000
)

var ctx = context.Background()

type document map[string]any

func (d document) bytes() []byte {
	text, err := json.Marshal(d)
	must(err)
	return text
}

// A check fails by panicking; `check` turns that into its line of output.
func check(name string, body func()) {
	var failure any
	func() {
		defer func() {
			if caught := recover(); caught != nil {
				failure = fmt.Sprint(caught)
			}
		}()
		body()
	}()
	quotedName, _ := json.Marshal(name)
	quotedFailure, _ := json.Marshal(failure)
	fmt.Printf("{\"name\":%s,\"failure\":%s}\n", quotedName, quotedFailure)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func same(expected, actual any) {
	if fmt.Sprint(expected) != fmt.Sprint(actual) {
		panic(fmt.Sprintf("expected %v, got %v", expected, actual))
	}
}

func refused(status int, err error) *azcore.ResponseError {
	var refusal *azcore.ResponseError
	if !errors.As(err, &refusal) {
		panic(fmt.Sprintf("expected status %d, got %v", status, err))
	}
	same(status, refusal.StatusCode)
	return refusal
}

func key(value string) azcosmos.PartitionKey { return azcosmos.NewPartitionKeyString(value) }

func withContent() *azcosmos.ItemOptions {
	return &azcosmos.ItemOptions{EnableContentResponseOnWrite: true}
}

func client(endpoint, accountKey string, options *azcosmos.ClientOptions) *azcosmos.Client {
	credential, err := azcosmos.NewKeyCredential(accountKey)
	must(err)
	made, err := azcosmos.NewClientWithKey(endpoint, credential, options)
	must(err)
	return made
}

// A client that reports the first 429.
func impatient(endpoint, accountKey string) *azcosmos.Client {
	options := &azcosmos.ClientOptions{}
	options.Retry = policy.RetryOptions{MaxRetries: -1}
	return client(endpoint, accountKey, options)
}

func main() {
	account := client(os.Args[1], os.Args[2], nil)
	resources(account)
	items(account)
	batches(account)
	queries(account)
	throttling(account, os.Args[1], os.Args[2])
}

func database(account *azcosmos.Client, id string) *azcosmos.DatabaseClient {
	_, err := account.CreateDatabase(ctx, azcosmos.DatabaseProperties{ID: id}, nil)
	var refusal *azcore.ResponseError
	if !errors.As(err, &refusal) || refusal.StatusCode != http.StatusConflict {
		must(err)
	}
	found, err := account.NewDatabase(id)
	must(err)
	return found
}

func container(db *azcosmos.DatabaseClient, id string, units int32, paths ...string) *azcosmos.ContainerClient {
	kind := azcosmos.PartitionKeyKindHash
	if len(paths) > 1 {
		kind = azcosmos.PartitionKeyKindMultiHash
	}
	throughput := azcosmos.NewManualThroughputProperties(units)
	_, err := db.CreateContainer(ctx, azcosmos.ContainerProperties{
		ID:                     id,
		PartitionKeyDefinition: azcosmos.PartitionKeyDefinition{Paths: paths, Kind: kind, Version: 2},
	}, &azcosmos.CreateContainerOptions{ThroughputProperties: &throughput})
	must(err)
	made, err := db.NewContainer(id)
	must(err)
	return made
}
