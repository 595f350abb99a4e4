#include "emulator/store/unique_keys.h"

namespace spillway::emulator {
namespace {

Value ValueOf(const ScannedValue& scanned) {
  if (const auto* text = std::get_if<std::string>(&scanned)) return *text;
  if (const auto* number = std::get_if<double>(&scanned)) return *number;
  if (const auto* boolean = std::get_if<bool>(&scanned)) return *boolean;
  if (std::holds_alternative<CompositeValue>(scanned)) return Object{};
  // Absent and null are the same to the service here.
  return Value::Null{};
}

}  // namespace

std::vector<std::string> UniqueNames(const ContainerSettings& settings, std::string_view epk,
                                     const ScannedDocument& document) {
  std::vector<std::string> names;
  for (size_t i = 0; i < settings.unique_keys.size(); ++i) {
    Array values;
    for (const size_t index : settings.unique_keys[i]) {
      values.push_back(ValueOf(document.watched[index]));
    }
    names.push_back(std::to_string(i) + ":" + std::string(epk) + ":" + ToJson(std::move(values)));
  }
  return names;
}

std::vector<std::string> UniqueNamesOf(const ContainerSettings& settings, const Item& item) {
  if (settings.unique_keys.empty()) return {};
  std::string text = item.body + "}";
  const size_t size = text.size();
  text.append(kJsonPaddingBytes, ' ');
  const auto scanned = settings.scanner->Scan(std::string_view(text).substr(0, size));
  return UniqueNames(settings, item.epk(), *scanned);
}

}  // namespace spillway::emulator
