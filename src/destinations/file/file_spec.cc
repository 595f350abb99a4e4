#include "destinations/file/file_spec.h"

#include "config/relative_path.h"

namespace spillway::file {
namespace {

constexpr uint32_t kPartitionsMax = 4'096;

}  // namespace

const Spec<FileConnection>& FileConnectionSpec() {
  static const auto spec =
      Spec<FileConnection>("A folder of JSON-lines files, for looking at documents first.")
          .Field(&FileConnection::root, "root",
                 "The folder, relative to this file; it holds a folder per container.", Text())
          .Required()
          .Example("./out");
  return spec;
}

const Spec<FileContainer>& FileContainerSpec() {
  static const auto spec =
      Spec<FileContainer>("A folder with one file per hash partition, a document per line.")
          .Field(&FileContainer::container, "container", "Its name: one plain folder name.", Text())
          .Required()
          .Example("products")
          .Field(&FileContainer::partitions, "partitions",
                 "Files of a new container; an existing one keeps its own number.",
                 Integer(1, kPartitionsMax))
          .Field(&FileContainer::durable, "durable",
                 "Flush to the disk, so that a power failure loses nothing that was settled.",
                 Boolean());
  return spec;
}

FileOptions MakeFileOptions(const FileConnection& connection, const FileContainer& container,
                            const std::vector<std::string>& partition_key,
                            const std::string& folder) {
  FileOptions options;
  options.folder = ResolvePath(folder, connection.root);
  options.container = container.container;
  options.partition_key_paths = partition_key;
  options.partitions = container.partitions;
  options.sync = container.durable;
  return options;
}

}  // namespace spillway::file
