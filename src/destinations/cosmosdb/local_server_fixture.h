// A test with a local server of its own, in this process, and the options of a container there.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_LOCAL_SERVER_FIXTURE_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_LOCAL_SERVER_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "destinations/cosmosdb/cosmos_options.h"
#include "emulator/server.h"
#include "net/curl_transport.h"

namespace spillway::cosmosdb {

class LocalServerTest : public testing::Test {
 protected:
  void SetUp() override {
    emulator::RunOptions run;
    std::string folder = testing::TempDir() + "/spillway-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    run.certificate_folder = folder;
    Configure(run);
    auto started = emulator::Server::Start(run, SystemClock());
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    server_ = *std::move(started);
    options_.endpoint = server_->https_endpoint();
    options_.ca_file = server_->certificate_path();
    options_.key = run.server.key_base64;
    options_.database = "shop";
    options_.container = "orders";
    options_.partition_key = {"/pk"};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // What is different from a server as it is.
  virtual void Configure([[maybe_unused]] emulator::RunOptions& run) {}

  HttpTransportFactory Transports() const {
    return CurlTransportFactory({.ca_file = options_.ca_file}, SystemClock());
  }

  std::filesystem::path folder_;
  std::unique_ptr<emulator::Server> server_;
  CosmosOptions options_;
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_LOCAL_SERVER_FIXTURE_H_
