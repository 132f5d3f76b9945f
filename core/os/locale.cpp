// SPDX-License-Identifier: Apache-2.0
#include "core/os/locale.hpp"

#include <locale.h>
#include <stdlib.h>
#include <time.h>

namespace landwaiter {

void use_utf8_names() { ::setlocale(LC_CTYPE, "C.UTF-8"); }

void settle_locale() {
  use_utf8_names();
  const NameCharsetScope loads_charsets(NameCharset::utf8);
  ::setenv("TZ", "UTC0", 1);
  ::tzset();
}

NameCharsetScope::NameCharsetScope(NameCharset charset) {
  static const locale_t ascii = ::newlocale(LC_CTYPE_MASK, "C", nullptr);
  static const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  const locale_t wanted = charset == NameCharset::ascii ? ascii : utf8;
  if (wanted != nullptr) before_ = ::uselocale(wanted);
}

NameCharsetScope::~NameCharsetScope() {
  if (before_ != nullptr) ::uselocale(static_cast<locale_t>(before_));
}

}  // namespace landwaiter
