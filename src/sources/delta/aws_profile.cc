#include "sources/delta/aws_profile.h"

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace spillway {
namespace {

using Settings = std::map<std::string, std::string>;

constexpr std::pair<const char*, const char*> kCredentials[] = {
    {"aws_access_key_id", "aws_access_key_id"},
    {"aws_secret_access_key", "aws_secret_access_key"},
    {"aws_session_token", "aws_session_token"},
};
constexpr std::pair<const char*, const char*> kPlaces[] = {
    {"region", "aws_region"},
    {"endpoint_url", "aws_endpoint"},
};
// Ways to credentials that AWS's own tools know.
constexpr const char* kOtherWays[] = {"sso_session", "sso_start_url", "credential_process",
                                      "role_arn"};
// Ways to credentials that the environment names, which come before a profile.
constexpr const char* kOtherCredentials[] = {
    "aws_access_key_id", "aws_web_identity_token_file", "aws_container_credentials_relative_uri",
    "aws_container_credentials_full_uri", "aws_skip_signature"};

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// The name in "[profile name]" or "[name]".
std::string_view SectionName(std::string_view line) {
  constexpr std::string_view kProfile = "profile ";
  std::string_view name = Trim(line.substr(1, line.find(']') - 1));
  if (name.starts_with(kProfile)) name = Trim(name.substr(kProfile.size()));
  return name;
}

// Adds the settings of one section; true when the file has it. What is there already stays.
bool ReadSection(const std::string& path, std::string_view profile, Settings* settings) {
  std::ifstream file(path);
  bool found = false;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('[')) {
      inside = SectionName(line) == profile;
      found = found || inside;
      continue;
    }
    const size_t equals = line.find('=');
    const bool nested = line.starts_with(' ') || line.starts_with('\t');
    const bool comment = line.starts_with('#') || line.starts_with(';');
    if (!inside || nested || comment || equals == std::string::npos) continue;
    settings->emplace(Trim(std::string_view(line).substr(0, equals)),
                      Trim(std::string_view(line).substr(equals + 1)));
  }
  return found;
}

// A variable, or a file below the home folder.
std::string PathOf(const EnvironmentLookup& lookup, const char* variable, const char* name) {
  const std::optional<std::string> path = lookup(variable);
  if (path.has_value() && !path->empty()) return *path;
  const std::optional<std::string> home = lookup("HOME");
  return home.has_value() ? *home + "/.aws/" + name : std::string();
}

template <size_t kCount>
void Add(const Settings& settings, const std::pair<const char*, const char*> (&names)[kCount],
         DeltaOptions& options) {
  for (const auto& [name, option] : names) {
    const auto found = settings.find(name);
    if (found != settings.end() && !found->second.empty()) {
      options.storage.emplace(option, found->second);
    }
  }
}

Status NeedsTools(const std::string& profile, const std::string& way) {
  return InvalidArgument(
             fmt::format(
                 "the AWS profile {} gets its credentials by {}, which only AWS's own tools do",
                 profile, way))
      .WithHint(fmt::format(
          "eval \"$(aws configure export-credentials --profile {} --format env)\"   and run again",
          profile));
}

}  // namespace

Status AddAwsProfile(const EnvironmentLookup& lookup, DeltaOptions& options) {
  const std::optional<std::string> named = lookup("AWS_PROFILE");
  const bool chosen = named.has_value() && !named->empty();
  const std::string profile = chosen ? *named : "default";
  const std::string credentials = PathOf(lookup, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
  const std::string config = PathOf(lookup, "AWS_CONFIG_FILE", "config");
  Settings settings;
  const bool in_credentials = ReadSection(credentials, profile, &settings);
  const bool in_config = ReadSection(config, profile, &settings);
  if (chosen && !in_credentials && !in_config) {
    return InvalidArgument(fmt::format("AWS_PROFILE names the profile {}, which neither {} nor {}"
                                       " has",
                                       profile, credentials, config))
        .WithHint("list them with: aws configure list-profiles");
  }
  Add(settings, kPlaces, options);
  for (const char* other : kOtherCredentials) {
    if (options.storage.contains(other)) return Status::Ok();
  }
  if (settings.contains("aws_access_key_id")) {
    Add(settings, kCredentials, options);
    return Status::Ok();
  }
  for (const char* way : kOtherWays) {
    if (chosen && settings.contains(way)) return NeedsTools(profile, way);
  }
  return Status::Ok();
}

}  // namespace spillway
