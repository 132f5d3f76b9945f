// SPDX-License-Identifier: Apache-2.0
#include "detectors/formats/pem.hpp"

#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::detectors::pem {
namespace {

const std::string kBeginLine = "-----BEGIN CERTIFICATE-----";
const std::string kEndLine = "-----END CERTIFICATE-----";

Bytes sample() {
  Bytes bytes;
  // Reaches every character of the alphabet, '+' and '/' among them.
  for (int i = 0; i < 200; ++i) bytes.push_back(static_cast<std::uint8_t>(i * 37 + 251));
  return bytes;
}

std::string lines(std::string_view separator, std::size_t width = 64) {
  const std::string text = base64_encode(sample());
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += width) out += text.substr(i, width) + std::string(separator);
  return out;
}

Block read(const std::string& text, bool ends_file = true) {
  const std::size_t begin = text.find("-----BEGIN");
  const std::size_t end = text.find("-----", begin + 10) + 5;
  return read_block(as_bytes(text), end, ends_file);
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
  return text;
}

bool decodes(const std::string& text) {
  const Block block = read(text);
  INFO(text);
  const ByteView body = block.body.view();
  return block.state == State::decoded && block.label == "CERTIFICATE" && Bytes(body.begin(), body.end()) == sample();
}

}  // namespace

TEST_CASE("PEM is read in every dress it wears in configuration files", "[pem]") {
  const std::string plain = kBeginLine + "\n" + lines("\n") + kEndLine;
  CHECK(decodes(plain + "\n"));
  CHECK(decodes("\xef\xbb\xbf" + plain));  // byte order mark
  CHECK(decodes(replace_all(plain, "\n", "\r\n")));
  CHECK(decodes(replace_all(plain, "\n", "\r")));
  CHECK(decodes(replace_all(plain, "\n", "  \t\n")));                     // trailing spaces
  CHECK(decodes("cert: |\n    " + replace_all(plain, "\n", "\n    ")));   // YAML
  CHECK(decodes(kBeginLine + "\n" + lines("") + "\n" + kEndLine));        // one long line
  CHECK(decodes(kBeginLine + lines("") + kEndLine));                      // no line breaks at all
  CHECK(decodes(kBeginLine + " " + lines(" ") + kEndLine));               // folded YAML, a shell's $(cat)
  CHECK(decodes("{\"c\":\"" + replace_all(plain, "\n", "\\n") + "\"}"));  // JSON
  CHECK(decodes("{\"c\":\"" + replace_all(plain, "\n", "\\r\\n") + "\"}"));
  CHECK(decodes("{\"c\":\"" + replace_all(plain, "\n", "\\\\n") + "\"}"));                                    // JSON in JSON
  CHECK(decodes("{\"c\":\"" + replace_all(replace_all(plain, "/", "\\/"), "\n", "\\n") + "\"}"));             // PHP's JSON
  CHECK(decodes(replace_all(replace_all(replace_all(plain, "+", "\\u002b"), "\n", "\\n"), "=", "\\u003d")));  // .NET's JSON
  CHECK(decodes(replace_all(plain, "\n", "&#10;")));                                                          // XML
  CHECK(decodes("\"" + replace_all(plain, "\n", "\\n\"\n  \"") + "\\n\";"));                                  // C
  CHECK(decodes("\"" + replace_all(plain, "\n", "\\n\" +\n  \"") + "\\n\";"));                                // Java
  CHECK(decodes("'" + replace_all(plain, "\n", "',\n'") + "'"));                                              // a list of strings
  CHECK(decodes(replace_all(plain, "\n", "\\\n")));                                                           // line continuation
  CHECK(decodes("{\"s\":\"" + replace_all(plain, "\n", "\\\\n\\\"\\n\\\"") + "\"}"));                         // C inside JSON
}

namespace {

/// Each line, BEGIN and END among them, between these.
std::string framed(std::string_view front, std::string_view back = "", std::string_view line_end = "\n") {
  std::string out;
  const std::string plain = kBeginLine + "\n" + lines("\n") + kEndLine + "\n";
  for (std::size_t at = 0; at < plain.size();) {
    const std::size_t end = plain.find('\n', at);
    out += std::string(front) + plain.substr(at, end - at) + std::string(back) + std::string(line_end);
    at = end + 1;
  }
  return out;
}

/// The same with a number in front that counts.
std::string numbered(std::string_view front, std::string_view behind, int first) {
  std::string out;
  const std::string plain = kBeginLine + "\n" + lines("\n") + kEndLine + "\n";
  for (std::size_t at = 0; at < plain.size(); ++first) {
    const std::size_t end = plain.find('\n', at);
    out += std::string(front) + std::to_string(first) + std::string(behind) + plain.substr(at, end - at + 1);
    at = end + 1;
  }
  return out;
}

}  // namespace

TEST_CASE("PEM is read behind what all of its lines begin with", "[pem]") {
  for (const char* front :
       {"# ", "#", "// ", "//", "///",  "-- ",  "--", "; ",   ";;",   " * ", "* ",  "REM ",  "rem ", "' ",    "!",       "% ",
        "+",  "-", " ",   "> ", ">>> ", "> > ", "| ", "\t# ", "dnl ", "::",  "\" ", "+  # ", "- ",   "echo ", "/a/b/c: "}) {
    INFO(front);
    CHECK(decodes(framed(front)));
    CHECK(decodes("text\n" + framed(front) + "more\n"));
    CHECK(decodes(framed(front, "\r")));
    CHECK(decodes("{\"c\":\"" + framed(front, "", "\\n") + "\"}"));
  }
  CHECK(decodes(numbered("2026-11-29T12:00:", ".120Z INFO ", 10)));
  CHECK(decodes(numbered("", ": ", 1)));
  CHECK(decodes(numbered("   ", "\t", 7)));
  CHECK(decodes(numbered("line.", "=", 8)));
  CHECK(decodes(numbered("[", "] ", 98)));
  CHECK(decodes(replace_all(numbered("[ ", "] ", 8), "[ 1", "[1")));
  // An empty line of a comment, and of a block in a mail.
  const std::string comment = framed("# ");
  CHECK(decodes(replace_all(comment, kBeginLine + "\n", kBeginLine + "\n#\n")));
  CHECK(decodes(replace_all(comment, kBeginLine + "\n", kBeginLine + "\n\n")));
  CHECK(decodes("- " + kBeginLine + "\n" + lines("\n") + "- " + kEndLine));  // clear-signed text
}

TEST_CASE("PEM is read between what all of its lines begin and end with", "[pem]") {
  for (const auto& [front, back] : std::vector<std::pair<std::string, std::string>>{{"echo \"", "\" >> /etc/ssl/private/server.key"},
                                                                                    {"echo '", "' >> key.pem"},
                                                                                    {"echo ", " >> key.pem"},
                                                                                    {"echo ", ">>key.pem"},
                                                                                    {"<!-- ", " -->"},
                                                                                    {"<li>", "</li>"},
                                                                                    {"/* ", " */"},
                                                                                    {"| ", " |"},
                                                                                    {"    b'", "\\n'"},
                                                                                    {"  b\"", "\\n\""},
                                                                                    {"s = s & \"", "\" & vbCrLf"},
                                                                                    {"  \"", "\\n\" & _"},
                                                                                    {"$k += \"", "`n\""},
                                                                                    {"  \"", "\\n\""},
                                                                                    {"  \"", "\\n\" +"},
                                                                                    {"  + \"", "\\n\""},
                                                                                    {"  '", "',"},
                                                                                    {"", "<br>"},
                                                                                    {"", "<br/>"},
                                                                                    {"", " \\"},
                                                                                    {"out.println(\"", "\");"}}) {
    INFO(front << " and " << back);
    const std::string all = framed(front, back);
    CHECK(decodes(all));
    CHECK(decodes("x = (\n" + all + ")\n"));
    // BEGIN stands behind something else, and END's line ends otherwise.
    CHECK(decodes("String key = " + all.substr(all.find_first_not_of(' '))));
    CHECK(decodes(all.substr(0, all.size() - back.size() - 1) + "!"));
    if (!back.starts_with("<br"))
      CHECK(decodes("{\"c\":\"" + replace_all(replace_all(replace_all(all, "\\", "\\\\"), "\"", "\\\""), "\n", "\\n") + "\"}"));
  }
  CHECK(decodes("[\"" + replace_all(kBeginLine + "\n" + lines("\n") + kEndLine, "\n", "\",\"") + "\"]"));
  CHECK(decodes("[\n  \"" + replace_all(kBeginLine + "\n" + lines("\n") + kEndLine, "\n", "\",\n  \"") + "\"\n]"));
}

TEST_CASE("PEM is read with the escapes of addresses, pages and shells", "[pem]") {
  const std::string plain = kBeginLine + "\n" + lines("\n") + kEndLine;
  CHECK(decodes(replace_all(plain, "\n", "%0A")));
  CHECK(decodes(replace_all(plain, "\n", "%0d%0a")));
  CHECK(decodes(replace_all(plain, "\n", "%250A")));
  CHECK(decodes(replace_all(replace_all(replace_all(replace_all(plain, "+", "%2B"), "/", "%2f"), "=", "%3D"), "\n", "%0A")));
  CHECK(decodes(replace_all(plain, "\n", "<br>\n")));
  CHECK(decodes(replace_all(plain, "\n", "<BR />")));
  CHECK(decodes(replace_all(replace_all(plain, "+", "&#43;"), "\n", "&#x0A;")));
  CHECK(decodes("$k = \"" + replace_all(plain, "\n", "`n") + "\""));
  CHECK(decodes("$k = \"" + replace_all(plain, "\n", "`r`n") + "\""));
  CHECK(decodes("'" + replace_all(replace_all(plain, "+", "\\x2b"), "\n", "\\x0a") + "'"));
}

TEST_CASE("text that only looks framed stays damaged or bare", "[pem]") {
  CHECK(read("# " + kBeginLine + "\n# ...\n# " + kEndLine).state == State::bare);
  CHECK(read("# " + kBeginLine + "\n# your key goes here, all of the lines of it\n# " + kEndLine).state == State::bare);
  CHECK(read("# " + kBeginLine + "\n" + lines("\n") + "!" + lines("\n") + "# " + kEndLine).state == State::damaged);
  const std::string comment = framed("# ");
  CHECK(read(replace_all(comment, "\n# ", "\n; ")).state == State::decoded);
  std::string mixed = comment;
  mixed[mixed.find("\n# ") + 1] = ';';
  CHECK(read(mixed).state == State::damaged);
  CHECK(read("echo \"" + kBeginLine + "\" > f; other \"" + std::string(200, 'a') + "\" and no END").state == State::damaged);
}

TEST_CASE("headers of a PEM block are told from its body", "[pem]") {
  const std::string text = kBeginLine + "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0011\n\n" + lines("\n") + kEndLine;
  for (const std::string& form : {text, replace_all(text, "\n", "\r\n"), replace_all(text, "\n", "\\n")}) {
    const Block block = read(form);
    CHECK(block.state == State::decoded);
    CHECK(block.header("Proc-Type") == "4,ENCRYPTED");
    CHECK(block.header("dek-info") == "AES-128-CBC,0011");
    CHECK_FALSE(block.header("Comment"));
  }
}

TEST_CASE("labels without a body are nothing, bodies without sense are damage", "[pem]") {
  CHECK(read(kBeginLine).state == State::bare);
  CHECK(read(kBeginLine + "\n" + kEndLine).state == State::bare);
  CHECK(read(kBeginLine + "\nMIIE...\n" + kEndLine).state == State::bare);
  CHECK(read(kBeginLine + std::string(1, '\0') + "-----BEGIN RSA PRIVATE KEY-----" + std::string(1, '\0') + kEndLine).state == State::bare);
  CHECK(read(kBeginLine + "\n%s\n" + kEndLine).state == State::bare);

  const std::string body = lines("\n");
  CHECK(read(kBeginLine + "\n" + body).state == State::damaged);                                        // no END
  CHECK(read(kBeginLine + "\n" + body + "-----END RSA PRIVATE KEY-----").state == State::damaged);      // another END
  CHECK(read(kBeginLine + "\n" + body + kBeginLine + "\n" + body + kEndLine).state == State::damaged);  // the next BEGIN comes first
  CHECK(read(kBeginLine + "\n" + body + "!" + body + kEndLine).state == State::damaged);
  CHECK(read(kBeginLine + "\n" + body + "AAAA\n" + kEndLine).state == State::damaged);  // goes on after '='
  CHECK(read(kBeginLine + "\n" + body, false).state == State::beyond_window);
  CHECK(read(kBeginLine + "\n" + std::string(limits::detector_lookahead_bytes, 'A') + kEndLine).state == State::beyond_window);
}

TEST_CASE("a PEM block knows where it is", "[pem]") {
  const std::string block_text = kBeginLine + "\n" + lines("\n") + kEndLine;
  const Block block = read("x=\"" + block_text + "\";");
  CHECK(block.begin == 3);
  CHECK(block.end == 3 + block_text.size());
}

}  // namespace landwaiter::detectors::pem
