#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/command.h"

namespace spillway {

// Becomes the server: same process id, terminal and signals, so a supervisor sees one process.
Status RunEmulator(const EmulatorArguments& arguments, CommandContext&) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string program = (self.parent_path() / "spillway-emulator").string();
  std::vector<char*> words;
  std::string name = program;
  words.push_back(name.data());
  std::vector<std::string> rest = arguments.rest;
  for (std::string& word : rest) words.push_back(word.data());
  words.push_back(nullptr);
  ::execv(program.c_str(), words.data());
  return NotFound(fmt::format("cannot start {}: {}", program, std::strerror(errno)))
      .WithHint("build or install spillway-emulator beside spillway");
}

}  // namespace spillway
