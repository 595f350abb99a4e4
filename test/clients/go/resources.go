package main

import (
	"github.com/Azure/azure-sdk-for-go/sdk/data/azcosmos"
)

func resources(account *azcosmos.Client) {
	check("database: create, read, query, delete", func() {
		db := database(account, "resources-gone")
		_, err := account.CreateDatabase(ctx, azcosmos.DatabaseProperties{ID: "resources-gone"}, nil)
		refused(409, err)
		read, err := db.Read(ctx, nil)
		must(err)
		same("resources-gone", read.DatabaseProperties.ID)
		pager := account.NewQueryDatabasesPager("SELECT * FROM d WHERE d.id = 'resources-gone'", nil)
		page, err := pager.NextPage(ctx)
		must(err)
		same(1, len(page.Databases))
		_, err = db.Delete(ctx, nil)
		must(err)
		_, err = db.Read(ctx, nil)
		refused(404, err)
	})
	db := database(account, "resources")
	check("container: settings survive, replace, query, delete", func() {
		ttl := int32(-1)
		_, err := db.CreateContainer(ctx, azcosmos.ContainerProperties{
			ID:                     "settings",
			PartitionKeyDefinition: azcosmos.PartitionKeyDefinition{Paths: []string{"/a/b"}},
			DefaultTimeToLive:      &ttl,
			UniqueKeyPolicy:        &azcosmos.UniqueKeyPolicy{UniqueKeys: []azcosmos.UniqueKey{{Paths: []string{"/mail"}}}},
		}, nil)
		must(err)
		made, err := db.NewContainer("settings")
		must(err)
		read, err := made.Read(ctx, nil)
		must(err)
		same([]string{"/a/b"}, read.ContainerProperties.PartitionKeyDefinition.Paths)
		same(-1, *read.ContainerProperties.DefaultTimeToLive)
		same([]string{"/mail"}, read.ContainerProperties.UniqueKeyPolicy.UniqueKeys[0].Paths)
		changed := *read.ContainerProperties
		hour := int32(3600)
		changed.DefaultTimeToLive = &hour
		_, err = made.Replace(ctx, changed, nil)
		must(err)
		read, err = made.Read(ctx, nil)
		must(err)
		same(3600, *read.ContainerProperties.DefaultTimeToLive)
		page, err := db.NewQueryContainersPager("SELECT * FROM c WHERE c.id = 'settings'", nil).NextPage(ctx)
		must(err)
		same(1, len(page.Containers))
		_, err = made.Delete(ctx, nil)
		must(err)
		_, err = made.Read(ctx, nil)
		refused(404, err)
	})
	check("throughput: manual, within its minimum", func() {
		made := container(db, "manual", 1000, "/pk")
		read, err := made.ReadThroughput(ctx, nil)
		must(err)
		units, isManual := read.ThroughputProperties.ManualThroughput()
		same(true, isManual)
		same(1000, units)
		_, err = made.ReplaceThroughput(ctx, azcosmos.NewManualThroughputProperties(2000), nil)
		must(err)
		read, err = made.ReadThroughput(ctx, nil)
		must(err)
		units, _ = read.ThroughputProperties.ManualThroughput()
		same(2000, units)
		_, err = made.ReplaceThroughput(ctx, azcosmos.NewManualThroughputProperties(100), nil)
		refused(400, err)
	})
	check("throughput: autoscale with its increment, and of a database", func() {
		throughput := azcosmos.NewAutoscaleThroughputPropertiesWithIncrement(4000, 10)
		_, err := account.CreateDatabase(ctx, azcosmos.DatabaseProperties{ID: "shared"},
			&azcosmos.CreateDatabaseOptions{ThroughputProperties: &throughput})
		must(err)
		shared, err := account.NewDatabase("shared")
		must(err)
		read, err := shared.ReadThroughput(ctx, nil)
		must(err)
		most, isAutoscale := read.ThroughputProperties.AutoscaleMaxThroughput()
		same(true, isAutoscale)
		same(4000, most)
		increment, _ := read.ThroughputProperties.AutoscaleIncrement()
		same(10, increment)
		_, err = shared.ReplaceThroughput(ctx, azcosmos.NewAutoscaleThroughputProperties(8000), nil)
		must(err)
	})
}
