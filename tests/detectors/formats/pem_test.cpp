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
