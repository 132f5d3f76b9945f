// SPDX-License-Identifier: Apache-2.0
#include "core/base/text.hpp"

#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <vector>

using namespace landwaiter;

TEST_CASE("what makes a text run backwards is shown", "[text]") {
  CHECK(printable("a\xe2\x80\xaegnp.b") == "a\\xe2\\x80\\xaegnp.b");
  for (const char* mark : {"\xd8\x9c", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xaa", "\xe2\x81\xa6", "\xe2\x81\xa9"}) {
    CHECK(printable(mark).starts_with("\\x"));
  }
  // Letters that are written from right to left, a dash, a joiner of letters.
  for (const char* text : {"\xd7\x90", "\xe2\x80\x93", "\xe2\x80\x8d"}) CHECK(printable(text) == text);
}

TEST_CASE("Ordinary text stays as it is") {
  const std::string text = GENERATE("", "etc/ssl/certs", "Zürich", "日本語", "\xf0\x9f\x94\x91", "C:\\Users", "a\\", "\\x", "\\xg0",
                                    "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf");
  CHECK(printable(text) == text);
}

TEST_CASE("Invalid UTF-8 becomes escapes, byte by byte") {
  CHECK(printable("a\xff"
                  "b") == "a\\xffb");
  CHECK(printable("\xc0\xaf") == "\\xc0\\xaf");                    // overlong
  CHECK(printable("\xe0\x80\xaf") == "\\xe0\\x80\\xaf");           // overlong
  CHECK(printable("\xf0\x80\x80\xaf") == "\\xf0\\x80\\x80\\xaf");  // overlong
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");           // surrogate
  CHECK(printable("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
  CHECK(printable("\xf5") == "\\xf5");
  CHECK(printable("\xe2\x82") == "\\xe2\\x82");  // cut short
  CHECK(printable("\x80") == "\\x80");
}

TEST_CASE("Control characters cannot reach a terminal") {
  CHECK(printable("\x1b[2J") == "\\x1b[2J");
  CHECK(printable("a\nb\tc\r") == "a\\x0ab\\x09c\\x0d");
  CHECK(printable(std::string_view("\0", 1)) == "\\x00");
  CHECK(printable("\x7f") == "\\x7f");
  CHECK(printable("\xc2\x9b"
                  "31m") == "\\xc2\\x9b31m");  // CSI as one character
}

TEST_CASE("A literal escape is told from a made one") {
  CHECK(printable("\\x41") == "\\x5cx41");
  CHECK(printable("\\\xff") == "\\\\xff");
  CHECK(printable("\\\\xff") == "\\\\x5cxff");
}

TEST_CASE("Different inputs never become one output") {
  // Every string of up to five pieces that could be confused: backslash, x, hex digits, bytes that get escaped.
  const std::vector<std::string> pieces{"\\", "x", "f", "5", "c", "\xff", "\x5f", "\n", "\xc2", "\x85"};
  std::map<std::string, std::string> seen;
  std::vector<std::string> level{""};
  std::size_t inputs = 0;
  for (int length = 1; length <= 5; ++length) {
    std::vector<std::string> next;
    for (const std::string& head : level) {
      for (const std::string& piece : pieces) next.push_back(head + piece);
    }
    for (const std::string& input : next) {
      const auto [at, fresh] = seen.emplace(printable(input), input);
      ++inputs;
      if (!fresh && at->second != input) FAIL("\"" << at->first << "\" stands for two inputs");
    }
    level = std::move(next);
  }
  CHECK(inputs == 111'110);
  CHECK(seen.size() == inputs);
}

TEST_CASE("The output is always valid for JSON") {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second), 'x'};
      const nlohmann::json value = printable(text);
      if (nlohmann::json::parse(value.dump()) != value) FAIL(first << ' ' << second);
    }
  }
  SUCCEED();
}

TEST_CASE("Quoted text is bounded") {
  CHECK(landwaiter::quoted("abc") == "\"abc\"");
  CHECK(landwaiter::quoted("abcdef", 3) == "\"abc...\"");
  CHECK(landwaiter::quoted(std::string(1'000'000, '\x01')).size() < 1000);
}

TEST_CASE("Sizes for people") {
  CHECK(human_bytes(0) == "0 B");
  CHECK(human_bytes(1023) == "1023 B");
  CHECK(human_bytes(1536) == "1.5 KiB");
  CHECK(human_bytes(std::uint64_t{5} << 30) == "5.0 GiB");
  CHECK(human_bytes(~std::uint64_t{0}) == "16384.0 PiB");
}

TEST_CASE("Comparison, case and trimming are those of ASCII") {
  CHECK(iequals("Content-Type", "content-tYPE"));
  CHECK_FALSE(iequals("a", "ab"));
  CHECK_FALSE(iequals("[", "{"));
  CHECK(to_lower("AbC\xc4Z") == "abc\xc4z");
  CHECK(trim("  \t a b \r\n") == "a b");
  CHECK(trim(" \n").empty());
  CHECK(trim("").empty());
}
