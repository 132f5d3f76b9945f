// SPDX-License-Identifier: Apache-2.0
#include "core/base/result.hpp"

#include "core/base/enum_names.hpp"

#include <stdexcept>
#include <utility>

namespace landwaiter {
namespace {

constexpr EnumNames<ErrorCode, 17> kCodes{{
    {ErrorCode::invalid_argument, "invalid_argument"},
    {ErrorCode::configuration, "configuration"},
    {ErrorCode::malformed, "malformed"},
    {ErrorCode::limit_exceeded, "limit_exceeded"},
    {ErrorCode::digest_mismatch, "digest_mismatch"},
    {ErrorCode::unsupported, "unsupported"},
    {ErrorCode::unauthorized, "unauthorized"},
    {ErrorCode::forbidden, "forbidden"},
    {ErrorCode::not_found, "not_found"},
    {ErrorCode::conflict, "conflict"},
    {ErrorCode::rate_limited, "rate_limited"},
    {ErrorCode::unavailable, "unavailable"},
    {ErrorCode::timeout, "timeout"},
    {ErrorCode::tls, "tls"},
    {ErrorCode::io, "io"},
    {ErrorCode::cancelled, "cancelled"},
    {ErrorCode::internal, "internal"},
}};

}  // namespace

std::string_view to_string(ErrorCode code) { return name_of(kCodes, code); }
std::optional<ErrorCode> error_code_from(std::string_view name) { return value_of(kCodes, name); }

Error::Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

Error& Error::set_retry_after(std::chrono::milliseconds wait) {
  retry_after_ = wait;
  return *this;
}

Error Error::with_context(std::string_view context) const {
  Error copy = *this;
  copy.message_.insert(0, ": ").insert(0, context);
  return copy;
}

bool Error::transient() const {
  switch (code_) {
    case ErrorCode::rate_limited:
    case ErrorCode::unavailable:
    case ErrorCode::timeout:
    case ErrorCode::cancelled:
    case ErrorCode::io: return true;
    default: return false;
  }
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  throw std::logic_error(std::string(where.file_name()) + ": value of a failed result: " + error.message());
}

}  // namespace landwaiter
