// SPDX-License-Identifier: Apache-2.0
#include "detectors/image/document_texts.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace landwaiter::detectors {
namespace {

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

constexpr std::size_t kNameBytesMax = 64;
/// What it costs to read a document, by its bytes, and to search one of its texts.
constexpr std::uint64_t kUnitsPerByte = 20, kTextUnits = 1'500;

constexpr const char* kTooMuchWork = "reading it takes too much work";

/// Not a key or token that stands where a name should: those are long, or have no words.
bool looks_like_name(std::string_view text) {
  constexpr std::size_t kWordBytesMax = 24;
  if (text.empty() || text.size() > kNameBytesMax) return false;
  std::size_t word = 0;
  for (const char c : text) {
    if (!is_letter_or_digit(c) && std::string_view("._-/").find(c) == std::string_view::npos) return false;
    word = is_letter_or_digit(c) ? word + 1 : 0;
    if (word > kWordBytesMax) return false;
  }
  return true;
}

/// The name of "NAME=value" when `offset` lies in the value. A long text is asked for each of its findings: it is not searched for a name
/// that would be too long.
std::string variable_name(std::string_view text, std::size_t offset) {
  const std::size_t equals = text.substr(0, kNameBytesMax + 1).find('=');
  if (equals == std::string_view::npos || offset <= equals) return {};
  const std::string_view name = text.substr(0, equals);
  return looks_like_name(name) ? std::string(name) : std::string();
}

/// Names may be of any length, and are asked for each finding.
bool is_env(std::string_view name) { return name.size() == 3 && to_lower(name) == "env"; }

/// Of a place, beyond which no more members are named: a document may be nested deep, with a long name at each level.
constexpr std::size_t kPlaceBytesMax = 200;

}  // namespace

std::string TextPlace::str(std::size_t offset) const {
  std::string out;
  bool named_by_users = false;
  // The member that a name belongs to is not where it is.
  const std::size_t size = steps_.size() - (is_name_ && !steps_.empty() ? 1 : 0);
  for (std::size_t i = 0; i < size; ++i) {
    if (out.size() > kPlaceBytesMax) return out + "...";
    const Step& step = steps_[i];
    if (step.list || !looks_like_name(step.name)) {
      out += "[" + std::to_string(step.count - 1) + "]";
      continue;
    }
    const std::string name = named_by_users ? step.name : to_lower(step.name);
    named_by_users = named_by_users || name == "labels" || name == "annotations";
    // What every reader of a config knows: its member "config" is meant, and of a step of the build its command.
    const bool understood = size > 1 && ((i == 0 && name == "config") || (i == 2 && name == "created_by" && out.starts_with("history[")));
    if (!understood) out += (out.empty() ? "" : ".") + name;
  }
  if (is_name_) return out + (out.empty() ? "(a member's name)" : " (a member's name)");
  const bool variable = size >= 2 && steps_[size - 1].list && is_env(steps_[size - 2].name);
  const std::string name = variable ? variable_name(text_, offset) : std::string();
  return name.empty() ? out : out + " (" + name + ")";
}

bool TextPlace::is_embedded_blob() const {
  if (is_name_ || steps_.size() < 2 || steps_.back().list || steps_.back().name != "data") return false;
  return (steps_.size() == 2 && steps_.front().name == "config") ||
         (steps_.size() == 3 && steps_.front().name == "layers" && steps_[1].list);
}

/// Follows the parser's events through the document.
class TextVisitor final : public nlohmann::json_sax<nlohmann::json> {
 public:
  using Visit = std::function<void(std::string_view text, const TextPlace& place)>;
  TextVisitor(const Visit& visit, std::size_t texts_max) : visit_(visit), texts_left_(texts_max), texts_max_(texts_max) {}

  const std::optional<Error>& failed() const { return failed_; }

  bool null() override { return entry(); }
  bool boolean(bool) override { return entry(); }
  bool number_integer(number_integer_t) override { return entry(); }
  bool number_unsigned(number_unsigned_t) override { return entry(); }
  bool number_float(number_float_t, const string_t&) override { return entry(); }
  bool binary(binary_t&) override { return entry(); }
  bool string(string_t& value) override { return entry() && text(value, false); }
  bool key(string_t& name) override {
    TextPlace::Step& object = place_.steps_.back();
    ++object.count;
    object.name = name;
    return text(name, true);
  }
  bool start_object(std::size_t) override { return entry() && enter(false); }
  bool start_array(std::size_t) override { return entry() && enter(true); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return fail(ErrorCode::malformed, "it is not valid JSON");
  }

 private:
  bool fail(ErrorCode code, std::string message) {
    failed_.emplace(code, std::move(message));
    return false;
  }

  /// A value begins; members were counted by their names.
  bool entry() {
    if (!place_.steps_.empty() && place_.steps_.back().list) ++place_.steps_.back().count;
    return true;
  }

  bool enter(bool list) {
    if (place_.steps_.size() >= limits::json_depth_max) return fail(ErrorCode::limit_exceeded, "it is nested too deep");
    place_.steps_.emplace_back().list = list;
    return true;
  }

  bool leave() {
    place_.steps_.pop_back();
    return true;
  }

  bool text(const std::string& value, bool is_name) {
    if (texts_left_ == 0) {
      return fail(ErrorCode::limit_exceeded, "it has more than " + std::to_string(texts_max_) + " texts");
    }
    if (!charge_work(kTextUnits)) return fail(ErrorCode::limit_exceeded, kTooMuchWork);
    --texts_left_;
    place_.text_ = value;
    place_.is_name_ = is_name;
    visit_(value, place_);
    return true;
  }

  const Visit& visit_;
  std::size_t texts_left_;
  std::size_t texts_max_;
  TextPlace place_;
  std::optional<Error> failed_;
};

Result<void> visit_texts(std::string_view document, std::size_t texts_max,
                         const std::function<void(std::string_view text, const TextPlace& place)>& visit) {
  if (!charge_work(kUnitsPerByte * document.size())) return Error(ErrorCode::limit_exceeded, kTooMuchWork);
  TextVisitor visitor(visit, texts_max);
  nlohmann::json::sax_parse(document, &visitor);
  if (visitor.failed()) return *visitor.failed();
  return {};
}

}  // namespace landwaiter::detectors
