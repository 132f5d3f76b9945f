// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace landwaiter::detectors::pem {

/// RFC 7468's W, which also has the vertical tab and the form feed.
constexpr bool is_pem_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f'; }

/// The text of a PEM block or of an armor without what surrounds and escapes it elsewhere. `before` is the text in front of its BEGIN, of
/// which the last line counts, `raw` what stands between BEGIN and END. Undone are, in linear time:
///
///   what all lines begin with      comments (# // -- ; * REM), diffs, quotes of mails, times of logs, `echo "`, numbers, `- ` of lists;
///                                  digits may differ. Then also what they end with: `" >> file`, `" & _`, `</li>`, `\n'`
///   literals joined across lines   "..." + "...", b'...', lists of strings, echo "..." >> file
///   escapes                        \n, \r, \t, \/, \xXX and \u00XX with any number of backslashes, `n of PowerShell, %XX, &#NN;, <br>
///
/// The result is not longer than `raw`. The caller wipes it.
std::string plain_text(std::string_view before, std::string_view raw);

}  // namespace landwaiter::detectors::pem
