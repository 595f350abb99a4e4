#include <fmt/format.h>

#include "app/pipeline.h"
#include "base/human.h"
#include "cli/command.h"

namespace spillway {

// One JSON value per line, in either output mode: what scripts read and people can.
Status RunQuery(const QueryArguments& arguments, CommandContext& context) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Project> project, OpenProject(context));
  ASSIGN_OR_RETURN(const std::unique_ptr<QueryRows> rows,
                   QueryTarget(*project, arguments.target, arguments.sql));
  uint64_t count = 0;
  for (;;) {
    Result<std::span<const std::string>> page = rows->NextPage(context.call);
    if (!page.ok()) return std::move(page).status().WithContext(arguments.target);
    if (page->empty()) break;
    for (const std::string& row : *page) context.console.Print(row);
    count += page->size();
  }
  context.console.Note(
      fmt::format("{}, {} RU", HumanPlural(count, "result"), HumanNumber(rows->cost())));
  return Status::Ok();
}

}  // namespace spillway
