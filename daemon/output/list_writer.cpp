// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/list_writer.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"

#include <ostream>

namespace landwaiter::daemon {
namespace {

using nlohmann::json;
using protocol::InventoryItem;

class JsonWriter final : public ListWriter {
 public:
  explicit JsonWriter(std::ostream& out) : out_(out) {}

  void begin(const std::string& registry) override { out_ << "{\"registry\":" << dump_json(json(registry)) << ",\n\"items\":["; }
  void write(const InventoryItem& item) override {
    out_ << (first_ ? "\n" : ",\n") << dump_json(json(item));
    first_ = false;
  }
  void end(const ListSummary& summary) override {
    out_ << "\n],\n\"repositories_listed\":" << summary.repositories_listed
         << ",\n\"repositories_filtered\":" << summary.repositories_filtered << ",\n\"error\":" << dump_json(json(summary.error)) << "}\n";
  }

 private:
  std::ostream& out_;
  bool first_ = true;
};

class LinesWriter final : public ListWriter {
 public:
  explicit LinesWriter(std::ostream& out) : out_(out) {}
  void begin(const std::string&) override {}
  void write(const InventoryItem& item) override { out_ << dump_json(json(item)) << '\n'; }
  void end(const ListSummary&) override {}

 private:
  std::ostream& out_;
};

/// Each column except the last is followed by at least two spaces.
class TableWriter final : public ListWriter {
 public:
  TableWriter(bool with_times, std::ostream& out) : with_times_(with_times), out_(out) {}

  void begin(const std::string&) override { row("REPOSITORY", "TAG", "PLATFORM", "SIZE", "DIGEST", "PUSHED", "STATE"); }
  void write(const InventoryItem& item) override {
    const auto or_dash = [](const std::string& text) { return text.empty() ? std::string("-") : text; };
    const std::string outcome(to_string(item.outcome));
    row(item.repository, or_dash(item.tag), or_dash(item.platform), item.size_bytes == 0 ? "-" : human_bytes(item.size_bytes),
        or_dash(item.digest.str()), or_dash(item.pushed), item.reason.empty() ? outcome : outcome + ": " + item.reason);
  }
  void end(const ListSummary&) override {}

 private:
  void row(const std::string& repository, const std::string& tag, const std::string& platform, const std::string& size,
           const std::string& digest, const std::string& pushed, const std::string& state) {
    constexpr std::size_t kRepository = 36, kTag = 20, kPlatform = 14, kSize = 9, kDigest = 71, kPushed = 20;
    cell(repository, kRepository);
    cell(tag, kTag);
    cell(platform, kPlatform);
    cell(size, kSize);
    cell(digest, kDigest);
    if (with_times_) cell(pushed, kPushed);
    out_ << printable(state) << '\n';
  }

  void cell(const std::string& text, std::size_t width) {
    const std::string shown = printable(text);
    out_ << shown << std::string(shown.size() < width ? width - shown.size() + 2 : 2, ' ');
  }

  bool with_times_;
  std::ostream& out_;
};

}  // namespace

std::unique_ptr<ListWriter> make_list_writer(const std::string& format, bool with_times, std::ostream& out) {
  if (format == "json") return std::make_unique<JsonWriter>(out);
  if (format == "jsonl") return std::make_unique<LinesWriter>(out);
  return std::make_unique<TableWriter>(with_times, out);
}

}  // namespace landwaiter::daemon
