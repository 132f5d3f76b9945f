// SPDX-License-Identifier: Apache-2.0
#include "core/base/secret.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

namespace landwaiter {

namespace {

/// The byte that "%XX" at `at` stands for.
std::optional<char> percent_byte(std::string_view text, std::size_t at) {
  if (at + 3 > text.size() || text[at] != '%') return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(&text[at] + 1, &text[at] + 3, value, 16);
  if (error != std::errc() || end != &text[at] + 3) return std::nullopt;
  return static_cast<char>(value);
}

/// A part of a text, as [begin, end).
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Text with its percent-escapes undone, and where each of its bytes (and its end) is in the original.
struct Unescaped {
  std::string text;
  std::vector<std::size_t> from;
};

Unescaped unescape(std::string_view text) {
  Unescaped out;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = percent_byte(text, at);
    out.text += byte.value_or(text[at]);
    out.from.push_back(at);
    at += byte ? 3 : 1;
  }
  out.from.push_back(text.size());
  return out;
}

/// Where `value` is in `text`, by Knuth, Morris and Pratt: linear even if both are long runs of one letter, as they may be if they come
/// from a hostile server. std::boyer_moore_searcher is not: it prepares such a value in quadratic time.
std::vector<Span> occurrences(std::string_view text, std::string_view value) {
  std::vector<Span> out;
  if (value.size() > text.size()) return out;
  std::vector<std::size_t> border(value.size() + 1, 0);  // of each prefix: its longest proper prefix that is also its end
  for (std::size_t i = 1, matched = 0; i < value.size(); ++i) {
    while (matched > 0 && value[i] != value[matched]) matched = border[matched];
    if (value[i] == value[matched]) ++matched;
    border[i + 1] = matched;
  }
  for (std::size_t i = 0, matched = 0; i < text.size(); ++i) {
    while (matched > 0 && text[i] != value[matched]) matched = border[matched];
    if (text[i] == value[matched]) ++matched;
    if (matched < value.size()) continue;
    out.push_back({i + 1 - matched, i + 1});
    matched = 0;
  }
  return out;
}

}  // namespace

std::string redact(std::string text, const Secret& secret) {
  constexpr std::size_t kTooShort = 3;
  constexpr std::string_view kMask = "***";
  const std::string& value = secret.reveal();
  if (value.size() <= kTooShort || value.size() > text.size()) return text;
  std::vector<Span> found = occurrences(text, value);
  if (text.find('%') != std::string::npos) {
    const Unescaped plain = unescape(text);
    for (const Span& span : occurrences(plain.text, value)) found.push_back({plain.from[span.begin], plain.from[span.end]});
    std::ranges::sort(found, {}, &Span::begin);
  }
  std::string out;
  std::size_t done = 0;
  for (const Span& span : found) {
    // A part that overlaps the previous one is under the same mask.
    if (done == 0 || span.begin >= done) out.append(text, done, span.begin - done).append(kMask);
    done = std::max(done, span.end);
  }
  return out.append(text, done);
}

Secret concat(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  std::string text;
  text.reserve(size);
  for (const std::string_view part : parts) text.append(part);
  Secret out(text);
  wipe(text);
  return out;
}

void wipe(Bytes& bytes) noexcept {
  bytes.resize(bytes.capacity());
  OPENSSL_cleanse(bytes.data(), bytes.size());
  bytes.clear();
}

void wipe(std::string& text) noexcept {
  // The capacity, not only the size: an earlier, longer value may remain after it.
  text.resize(text.capacity());
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

Secret::Secret(std::string value) : value_(value) { landwaiter::wipe(value); }
Secret::Secret(const Secret& other) = default;
Secret::Secret(Secret&& other) noexcept : value_(other.value_) { other.wipe(); }

Secret& Secret::operator=(const Secret& other) {
  if (this == &other) return *this;
  wipe();
  value_ = other.value_;
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  value_.swap(other.value_);
  other.wipe();
  return *this;
}

Secret::~Secret() { wipe(); }

bool Secret::equals(std::string_view other) const {
  return value_.size() == other.size() && CRYPTO_memcmp(value_.data(), other.data(), other.size()) == 0;
}

void Secret::wipe() noexcept { landwaiter::wipe(value_); }

std::ostream& operator<<(std::ostream& out, const Secret& secret) { return out << (secret.empty() ? "" : "***"); }

WipedBytes& WipedBytes::operator=(WipedBytes&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  bytes_.swap(other.bytes_);
  return *this;
}

WipedBytes::~WipedBytes() { wipe(); }

void WipedBytes::wipe() noexcept { landwaiter::wipe(bytes_); }

}  // namespace landwaiter
