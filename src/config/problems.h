// Problems: everything that is wrong with a configuration file, gathered so that the user sees all
// of it at once, each with place, source line, caret and what to do.
#ifndef SPILLWAY_CONFIG_PROBLEMS_H_
#define SPILLWAY_CONFIG_PROBLEMS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/yaml.h"

namespace spillway {

struct Problem {
  YamlPlace place;
  std::string message;
  std::string advice;   // what to write instead; may be empty
  bool secret = false;  // what stands at the place may be a secret: the source line is not shown
};

// Not thread-safe.
class Problems {
 public:
  void Add(YamlPlace place, std::string message, std::string advice = {});
  // The same where the source line may hold a secret.
  void AddSecret(YamlPlace place, std::string message, std::string advice);
  // A secret may stand in the configuration itself (--allow-inline-secrets).
  void AllowInlineSecrets() { inline_secrets_allowed_ = true; }
  bool inline_secrets_allowed() const { return inline_secrets_allowed_; }
  bool empty() const { return problems_.empty(); }
  std::span<const Problem> all() const { return problems_; }

  // OK when there are none; else kInvalidArgument, the message being all of them in file order.
  Status ToStatus(const YamlDocument& document) const;

 private:
  std::vector<Problem> problems_;
  bool inline_secrets_allowed_ = false;
};

// "spillway.yaml:14:7: message", the line of `text` and a caret under the place. What looks like an
// account key is masked wherever it stands.
std::string RenderProblem(const Problem& problem, std::string_view path, std::string_view text);

// The candidate that `word` was most likely meant to be; empty when none is near.
std::string NearestName(std::string_view word, std::span<const std::string> candidates);

}  // namespace spillway

#endif  // SPILLWAY_CONFIG_PROBLEMS_H_
