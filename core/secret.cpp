// SPDX-License-Identifier: Apache-2.0
#include "core/secret.hpp"

#include <openssl/crypto.h>

#include <ostream>
#include <utility>

namespace landwaiter {

std::string redact(std::string text, const Secret& secret) {
  constexpr std::size_t kTooShort = 3;
  constexpr std::string_view kMask = "***";
  const std::string& value = secret.reveal();
  if (value.size() <= kTooShort) return text;
  for (std::size_t at = text.find(value); at != std::string::npos; at = text.find(value, at + kMask.size())) {
    text.replace(at, value.size(), kMask);
  }
  return text;
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

void wipe(std::string& text) noexcept {
  // The capacity, not only the size: an earlier, longer value may still lie behind it.
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

}  // namespace landwaiter
