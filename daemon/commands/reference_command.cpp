// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/reference_command.hpp"

#include "core/assess/assess.hpp"
#include "core/base/json.hpp"
#include "core/wire/registry_kinds.hpp"
#include "daemon/output/table.hpp"
#include "detectors/engine/engine.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>

namespace landwaiter::daemon {
namespace {

using nlohmann::json;

/// Of a digest, for people.
constexpr std::size_t kDigestShown = 19;

std::string state_text(const detectors::Engine& engine, Analysis analysis) {
  const Digest* state = state_of(engine.states(), analysis);
  return state == nullptr ? std::string() : state->str();
}

std::string cell_text(const std::string& column, const json& value) {
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  return column == "state" ? text.substr(0, kDigestShown) : text;
}

std::string heading(std::string column) {
  std::ranges::replace(column, '_', ' ');
  std::ranges::transform(column, column.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return column;
}

/// The lines of a table, its heading first, each with the sentences of its row below it.
std::string with_sentences(const std::string& table, const Reference& reference, std::size_t width) {
  constexpr std::string_view kIndent = "    ";
  std::istringstream lines(table);
  std::string line;
  std::getline(lines, line);
  std::string out = line + "\n";
  for (const auto& row : reference.rows) {
    std::getline(lines, line);
    out += line + "\n";
    for (std::size_t i = row.size() - reference.sentences; i < row.size(); ++i) {
      for (const std::string& part : wrap(row[i].get<std::string>(), width - kIndent.size())) out += std::string(kIndent) + part + "\n";
    }
  }
  return out;
}

}  // namespace

Reference registry_kinds() {
  Reference out{{"name", "title"}, {}};
  for (const RegistryKind& kind : kRegistryKinds) out.rows.push_back({std::string(kind.name), std::string(kind.title)});
  return out;
}

Reference builtin_policies() {
  Reference out{{"name", "rules", "expiry_warning_days", "quantum", "default"}, {}};
  const std::string standard = Policy::standard().name;
  for (const std::string& name : Policy::builtin_names()) {
    const Policy policy = *Policy::builtin(name);
    out.rows.push_back({name, policy.rules.size(), policy.expiry_warning_days, policy.quantum, policy.name == standard});
  }
  return out;
}

Result<Reference> detectors_in_use() {
  auto engine = detectors::Engine::create({});
  if (!engine) return engine.error();
  Reference out{{"name", "kind", "analysis", "version", "state"}, {}};
  const auto add = [&](const auto& each, const char* kind) {
    out.rows.push_back(
        {std::string(each.name()), kind, std::string(to_string(each.analysis())), each.version(), state_text(**engine, each.analysis())});
  };
  for (const auto& detector : (*engine)->detectors()) add(*detector, "detector");
  for (const auto& reader : (*engine)->readers()) add(*reader, "file-reader");
  return out;
}

Reference issue_rules() {
  Reference out{{"code", "severity", "from", "reason", "remedy"}, {}, 2};
  for (const ShortKeyKind& kind : short_key_kinds()) {
    const std::string type(kind.type);
    const Issue issue = weakness_issue(type + "-1");
    out.rows.push_back({type + "-N", std::string(to_string(issue.severity)), "findings",
                        "Its key has N bits, fewer than " + std::to_string(kind.bits_needed) + ".", issue.remedy});
  }
  for (const std::string_view code : weakness_codes()) {
    const Issue issue = weakness_issue(code);
    out.rows.push_back({std::string(code), std::string(to_string(issue.severity)), "findings", issue.reason, issue.remedy});
  }
  for (const IssueHelp& help : assess_issue_help()) {
    out.rows.push_back(
        {std::string(help.code), std::string(to_string(help.severity)), "findings", std::string(help.text), std::string(help.remedy)});
  }
  std::ranges::sort(out.rows, {}, [](const std::vector<json>& row) { return row.front().get<std::string>(); });
  for (const std::string& name : Policy::builtin_names()) {
    const Policy policy = *Policy::builtin(name);
    for (const PolicyRule& rule : policy.rules) {
      std::vector<json> row{rule.code, std::string(to_string(rule.severity)), "policy " + name, rule.reason, rule.remedy};
      if (std::find(out.rows.begin(), out.rows.end(), row) == out.rows.end()) out.rows.push_back(std::move(row));
    }
  }
  return out;
}

std::string render(const Reference& reference, const std::string& format, std::size_t width) {
  if (format == "json") {
    json list = json::array();
    for (const auto& row : reference.rows) {
      json object = json::object();
      for (std::size_t i = 0; i < row.size(); ++i) object[reference.columns[i]] = row[i];
      list.push_back(std::move(object));
    }
    return dump_json_pretty(list) + "\n";
  }
  const std::size_t cells = reference.columns.size() - reference.sentences;
  std::vector<std::string> header;
  for (std::size_t i = 0; i < cells; ++i) header.push_back(heading(reference.columns[i]));
  Table table(std::move(header));
  for (const auto& row : reference.rows) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < cells; ++i) texts.push_back(cell_text(reference.columns[i], row[i]));
    table.add(std::move(texts));
  }
  const std::string lines = table.render();
  return reference.sentences == 0 ? lines : with_sentences(lines, reference, width);
}

}  // namespace landwaiter::daemon
