// SPDX-License-Identifier: Apache-2.0
#include "core/base/secret.hpp"

#include <openssl/crypto.h>

#include <charconv>
#include <optional>
#include <ostream>
#include <utility>

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

/// How many bytes of `text` from `at` on spell `value`, each byte as it is or percent-encoded; 0 when they do not.
std::size_t spelled_at(std::string_view text, std::size_t at, std::string_view value) {
  if (text.substr(at).starts_with(value)) return value.size();
  std::size_t end = at;
  for (const char wanted : value) {
    if (percent_byte(text, end) == wanted) end += 3;
    else if (end < text.size() && text[end] == wanted) ++end;
    else return 0;
  }
  return end - at;
}

}  // namespace

std::string redact(std::string text, const Secret& secret) {
  constexpr std::size_t kTooShort = 3;
  constexpr std::string_view kMask = "***";
  const std::string& value = secret.reveal();
  if (value.size() <= kTooShort) return text;
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t spelled = spelled_at(text, at, value);
    if (spelled == 0) out += text[at++];
    else out += kMask;
    at += spelled;
  }
  return out;
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
