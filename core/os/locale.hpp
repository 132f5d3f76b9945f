// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace landwaiter {

/// To be called by main(): libraries that convert file names do it by the process's locale, which shall know UTF-8 whatever the
/// environment says.
void use_utf8_names();

/// Settles before a sandbox what libraries would read from files in it: charsets, and the time zone, which becomes UTC.
void settle_locale();

enum class NameCharset { ascii, utf8 };

/// Makes libraries convert file names by this charset, on this thread, as long as the object lives.
class NameCharsetScope {
 public:
  explicit NameCharsetScope(NameCharset charset);
  ~NameCharsetScope();
  NameCharsetScope(const NameCharsetScope&) = delete;
  NameCharsetScope& operator=(const NameCharsetScope&) = delete;

 private:
  void* before_ = nullptr;
};

}  // namespace landwaiter
