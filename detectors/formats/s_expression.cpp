// SPDX-License-Identifier: Apache-2.0
#include "detectors/formats/s_expression.hpp"

#include "core/base/encoding.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

/// (private-key (ecc (curve x) ...)) is three deep, a protected one five.
constexpr std::size_t kExpressionDepthMax = 10;
/// A key has some thirty.
constexpr std::size_t kItemsMax = 500;
/// An RSA key of 16,384 bits takes 10 KiB.
constexpr std::size_t kAtomBytesMax = 64 * 1024;
constexpr std::uint64_t kItemUnits = 200;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_token(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_digit(c) || std::string_view("-./_:*+=").find(c) != std::string_view::npos;
}

Bytes copy_of(std::string_view text) { return {text.begin(), text.end()}; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  bool list(SExpression& out, std::size_t depth) {
    if (depth > kExpressionDepthMax || at_ == text_.size() || text_[at_] != '(') return false;
    ++at_;
    out.list = true;
    while (true) {
      while (at_ < text_.size() && is_space(text_[at_])) ++at_;
      if (at_ == text_.size()) return false;
      if (text_[at_] == ')') break;
      if (++items_ > kItemsMax || !charge_work(kItemUnits)) return false;
      SExpression item;
      if (!(text_[at_] == '(' ? list(item, depth + 1) : atom(item))) return false;
      out.items.push_back(std::move(item));
    }
    ++at_;
    return true;
  }

  std::size_t offset() const { return at_; }

 private:
  bool atom(SExpression& out) {
    const char c = text_[at_];
    if (c == '#') return hexadecimal(out);
    if (c == '"') return quoted_text(out);
    if (is_digit(c)) return counted(out);
    return is_token(c) && token(out);
  }

  bool counted(SExpression& out) {
    std::size_t size = 0, next = at_;
    for (; next < text_.size() && is_digit(text_[next]); ++next) {
      size = size * 10 + static_cast<std::size_t>(text_[next] - '0');
      if (size > kAtomBytesMax) return false;
    }
    if (next == text_.size() || text_[next] != ':') return token(out);
    if (size > text_.size() - next - 1) return false;
    if (!charge_work(size)) return false;
    out.atom = WipedBytes(copy_of(text_.substr(next + 1, size)));
    at_ = next + 1 + size;
    return true;
  }

  bool token(SExpression& out) {
    std::size_t next = at_;
    while (next < text_.size() && next - at_ < kAtomBytesMax && is_token(text_[next])) ++next;
    if (!charge_work(4 * (next - at_))) return false;
    out.atom = WipedBytes(copy_of(text_.substr(at_, next - at_)));
    at_ = next;
    return true;
  }

  /// Libgcrypt writes short numbers as strings if all their octets allow it: an ElGamal generator of 11 is "\v".
  bool quoted_text(SExpression& out) {
    Bytes bytes;
    const std::size_t stop = std::min(text_.size(), at_ + kAtomBytesMax);
    std::size_t next = at_ + 1;
    while (next < stop && text_[next] != '"') {
      char c = text_[next++];
      if (c == '\\' && !escaped(next, c)) return false;
      bytes.push_back(static_cast<std::uint8_t>(c));
    }
    if (next >= stop) return false;
    out.atom = WipedBytes(std::move(bytes));
    at_ = next + 1;
    return true;
  }

  /// The escapes that Libgcrypt writes.
  bool escaped(std::size_t& next, char& out) const {
    constexpr std::string_view kNames = "btvnfr\"'\\";
    constexpr std::string_view kValues = "\b\t\v\n\f\r\"'\\";
    if (next == text_.size()) return false;
    const char c = text_[next++];
    const std::size_t at = kNames.find(c);
    if (at != std::string_view::npos) out = kValues[at];
    if (c != 'x') return at != std::string_view::npos;
    const auto value = hex_decode(text_.substr(next, 2));
    if (!value || value->size() != 1) return false;
    out = static_cast<char>((*value)[0]);
    next += 2;
    return true;
  }

  bool hexadecimal(SExpression& out) {
    const std::size_t stop = text_.substr(0, std::min(text_.size(), at_ + 3 * kAtomBytesMax)).find('#', at_ + 1);
    if (stop == std::string_view::npos) return false;
    std::string digits;
    digits.reserve(stop - at_);
    for (const char c : text_.substr(at_ + 1, stop - at_ - 1)) {
      if (!is_space(c)) digits += c;
    }
    auto bytes = hex_decode(digits);
    wipe(digits);
    if (!bytes) return false;
    out.atom = WipedBytes(std::move(*bytes));
    at_ = stop + 1;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t items_ = 0;
};

}  // namespace

const SExpression* SExpression::find(std::string_view name) const {
  const auto found = std::ranges::find_if(items, [&](const SExpression& item) {
    return item.list && !item.items.empty() && !item.items[0].list && item.items[0].text() == name;
  });
  return found == items.end() ? nullptr : &*found;
}

ByteView SExpression::value(std::string_view name) const {
  const SExpression* pair = find(name);
  if (pair == nullptr || pair->items.size() < 2 || pair->items[1].list) return {};
  return pair->items[1].atom.view();
}

std::optional<SExpression> read_s_expression(ByteView bytes, std::size_t& size) {
  Parser parser(as_text(bytes));
  SExpression out;
  if (!parser.list(out, 1)) return std::nullopt;
  size = parser.offset();
  return out;
}

}  // namespace landwaiter::detectors
