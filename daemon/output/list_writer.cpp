// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/list_writer.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "daemon/output/text_width.hpp"

#include <ostream>
#include <utility>

namespace landwaiter::daemon {
namespace {

using nlohmann::json;
using protocol::InventoryItem;

/// What is not known is null, as in reports.
json json_of(const InventoryItem& item) {
  json out = item;
  for (json& member : out) {
    if (member.is_string() && member.get_ref<const std::string&>().empty()) member = nullptr;
  }
  return out;
}

class JsonWriter final : public ListWriter {
 public:
  explicit JsonWriter(std::ostream& out) : out_(out) {}

  void begin(const std::string& registry) override { out_ << "{\"registry\":" << dump_json(json(registry)) << ",\n\"items\":["; }
  void write(const InventoryItem& item) override {
    out_ << (first_ ? "\n" : ",\n") << dump_json(json_of(item));
    first_ = false;
  }
  void end(const ListSummary& summary) override {
    out_ << "\n],\n\"repositories_listed\":" << summary.repositories_listed
         << ",\n\"repositories_filtered\":" << summary.repositories_filtered
         << ",\n\"error\":" << (summary.error.empty() ? "null" : dump_json(json(summary.error))) << "}\n";
  }

 private:
  std::ostream& out_;
  bool first_ = true;
};

class LinesWriter final : public ListWriter {
 public:
  explicit LinesWriter(std::ostream& out) : out_(out) {}
  void begin(const std::string&) override {}
  void write(const InventoryItem& item) override { out_ << dump_json(json_of(item)) << '\n'; }
  void end(const ListSummary&) override {}

 private:
  std::ostream& out_;
};

/// Each column except the last is followed by at least two spaces.
class TableWriter final : public ListWriter {
 public:
  TableWriter(ListStyle style, std::ostream& out) : style_(style), out_(out) {}

  void begin(const std::string&) override {}
  void write(const InventoryItem& item) override {
    if (!std::exchange(begun_, true)) row("REPOSITORY", "TAG", "PLATFORM", "SIZE", "DIGEST", "PUSHED", "STATE");
    const auto or_dash = [](const std::string& text) { return text.empty() ? std::string("-") : text; };
    const std::string outcome(to_string(item.outcome));
    row(item.repository, or_dash(item.tag), or_dash(item.platform), item.size_bytes == 0 ? "-" : human_bytes(item.size_bytes),
        or_dash(style_.whole_digests ? item.digest.str() : item.digest.str().substr(0, kShortDigest)), or_dash(item.pushed),
        item.reason.empty() ? outcome : outcome + ": " + item.reason);
  }
  void end(const ListSummary&) override {}

 private:
  void row(const std::string& repository, const std::string& tag, const std::string& platform, const std::string& size,
           const std::string& digest, const std::string& pushed, const std::string& state) {
    constexpr std::size_t kRepository = 36, kTag = 20, kPlatform = 14, kSize = 9, kWholeDigest = 71, kPushed = 20;
    cell(repository, kRepository);
    cell(tag, kTag);
    cell(platform, kPlatform);
    cell(size, kSize);
    cell(digest, style_.whole_digests ? kWholeDigest : kShortDigest);
    if (style_.with_times) cell(pushed, kPushed);
    out_ << printable(state) << '\n';
  }

  void cell(const std::string& text, std::size_t width) {
    const std::string shown = printable(text);
    out_ << padded(shown, width) << "  ";
  }

  /// "sha256:" and 12 digits.
  static constexpr std::size_t kShortDigest = 19;

  ListStyle style_;
  std::ostream& out_;
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<ListWriter> make_list_writer(const std::string& format, ListStyle style, std::ostream& out) {
  if (format == "json") return std::make_unique<JsonWriter>(out);
  if (format == "jsonl") return std::make_unique<LinesWriter>(out);
  return std::make_unique<TableWriter>(style, out);
}

}  // namespace landwaiter::daemon
