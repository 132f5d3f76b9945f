// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/system/result.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace landwaiter {

/// What kind of thing went wrong: callers branch on this, people read the message.
enum class ErrorCode {
  invalid_argument,  ///< the caller's or user's input is invalid
  configuration,     ///< a configuration file or environment is wrong
  malformed,         ///< bytes from outside break their format's rules
  limit_exceeded,    ///< bytes from outside go beyond a limit in core/base/limits.hpp
  digest_mismatch,   ///< content does not match its digest
  unsupported,       ///< well-formed, but of a kind that cannot be scanned
  unauthorized,      ///< HTTP 401 after all credentials were tried
  forbidden,         ///< HTTP 403
  not_found,         ///< it does not exist
  conflict,          ///< a stale lease token, or a state that forbids the request
  rate_limited,      ///< HTTP 429, after the retry budget was spent
  unavailable,       ///< HTTP 5xx, connection refused or reset, name not resolved
  timeout,           ///< a step took longer than its limit
  tls,               ///< no trust, wrong name, or protocol failure
  io,                ///< the local file system or database failed
  cancelled,         ///< the operation was asked to stop
  internal,          ///< a bug
};

/// The code's name as used in logs and JSON, such as "digest_mismatch".
std::string_view to_string(ErrorCode code);
std::optional<ErrorCode> error_code_from(std::string_view name);

/// A failure that a person can read: what happened, to which thing, and where it helps, what to do. The message never contains a
/// credential or a found secret. Value type, safe to copy between threads.
class [[nodiscard]] Error {
 public:
  /// What Result's error() returns if there is no error; no function returns it.
  Error() = default;
  Error(ErrorCode code, std::string message);

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }

  /// How long the other side asked to wait before the next try.
  std::optional<std::chrono::milliseconds> retry_after() const { return retry_after_; }
  Error& set_retry_after(std::chrono::milliseconds wait);

  /// The same error with "context: " before its message.
  Error with_context(std::string_view context) const;

  /// True if the same request may succeed later without any change.
  bool transient() const;

 private:
  ErrorCode code_ = ErrorCode::internal;
  std::string message_;
  std::optional<std::chrono::milliseconds> retry_after_;
};

/// Either a value or an Error. Exceptions are left for bugs and failed allocation.
template <class T>
using Result = boost::system::result<T, Error>;

/// Called by Result::value() when there is none; using value() unchecked is a bug, hence an exception.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

}  // namespace landwaiter
