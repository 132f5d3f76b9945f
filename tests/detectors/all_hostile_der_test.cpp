// SPDX-License-Identifier: Apache-2.0
// Thousands of kinds of malformed DER: whatever is done to a certificate or key, nothing crashes, nothing is reported for incomplete
// bytes, and the good certificate that follows is found.
#include "core/base/limits.hpp"
#include "detectors/certificates/certificate.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/private_key.hpp"
#include "tests/detectors/support/material.hpp"
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <functional>
#include <set>

namespace landwaiter::detectors {
namespace {

struct Mutant {
  std::string what;
  std::string bytes;
};

/// Where each element's header begins, at every level.
std::vector<std::size_t> headers_in(std::string_view der) {
  std::vector<std::size_t> out;
  const std::function<void(ByteView)> walk = [&](ByteView bytes) {
    der::Reader reader(bytes);
    der::Element element;
    while (!reader.empty() && reader.next(element)) {
      out.push_back(static_cast<std::size_t>(element.whole.data() - as_bytes(der).data()));
      if (element.constructed()) walk(element.content);
    }
  };
  walk(as_bytes(der));
  return out;
}

void truncate_everywhere(const std::string& der, std::vector<Mutant>& out) {
  for (std::size_t size = 0; size < der.size(); ++size) out.push_back({"cut to " + std::to_string(size), der.substr(0, size)});
}

void lie_about_lengths(const std::string& der, std::vector<Mutant>& out) {
  for (const std::size_t at : headers_in(der)) {
    for (const int length : {0x00, 0x01, 0x7f, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x88, 0xff}) {
      std::string bytes = der;
      bytes[at + 1] = static_cast<char>(length);
      out.push_back({"length byte " + std::to_string(length) + " at " + std::to_string(at), bytes});
    }
    for (const int step : {-1, 1}) {
      std::string bytes = der;
      bytes[at + 1] = static_cast<char>(bytes[at + 1] + step);
      out.push_back({"length off by one at " + std::to_string(at), bytes});
    }
  }
}

void change_tags(const std::string& der, std::vector<Mutant>& out) {
  for (const std::size_t at : headers_in(der)) {
    for (const int tag :
         {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x09, 0x0c, 0x17, 0x1e, 0x1f, 0x24, 0x30, 0x31, 0x80, 0xa0, 0xa3, 0xbf, 0xff}) {
      std::string bytes = der;
      bytes[at] = static_cast<char>(tag);
      out.push_back({"tag " + std::to_string(tag) + " at " + std::to_string(at), bytes});
    }
  }
}

/// One element replaced, with all lengths around it put right: what is wrong is then only inside.
std::string with_element(std::string_view der, std::size_t at, const Bytes& replacement) {
  der::Reader reader(as_bytes(der));
  Bytes out;
  der::Element element;
  std::size_t position = 0;
  while (!reader.empty() && reader.next(element)) {
    const std::size_t header = element.whole.size() - element.content.size();
    if (position == at) {
      out.insert(out.end(), replacement.begin(), replacement.end());
    } else if (at > position && at < position + element.whole.size() && element.constructed()) {
      const std::string inner = with_element(as_text(element.content), at - position - header, replacement);
      const Bytes rewritten = der::write(element.tag, {as_bytes(inner)});
      out.insert(out.end(), rewritten.begin(), rewritten.end());
    } else {
      out.insert(out.end(), element.whole.begin(), element.whole.end());
    }
    position += element.whole.size();
  }
  return std::string(as_text(out));
}

void replace_elements(const std::string& der, std::vector<Mutant>& out) {
  Bytes deep{0x05, 0x00};
  for (int i = 0; i < 200; ++i) deep = der::write(der::kSequence, {deep});
  const Bytes huge(20'000, 0x7f);
  const std::vector<std::pair<std::string, Bytes>> replacements{
      {"depth bomb", deep},
      {"huge integer", der::write(der::kInteger, {huge})},
      {"huge string", der::write(0x0c, {huge})},
      {"huge bit string", der::write(der::kBitString, {huge})},
      {"empty sequence", der::write(der::kSequence, {})},
      {"empty bit string", der::write(der::kBitString, {})},
      {"empty integer", der::write(der::kInteger, {})},
      {"empty oid", der::write(der::kOid, {})},
      {"unfinished oid", Bytes{0x06, 0x02, 0x2a, 0x86}},
      {"negative integer", Bytes{0x02, 0x01, 0x80}},
      {"invalid UTF-8", Bytes{0x0c, 0x02, 0xc3, 0x28}},
      {"odd BMPString", Bytes{0x1e, 0x03, 0xd8, 0x00, 0x41}},
      {"absurd time", Bytes{0x17, 0x04, '9', '9', '9', '9'}},
      {"nothing", Bytes{}},
  };
  for (const std::size_t at : headers_in(der)) {
    for (const auto& [what, replacement] : replacements) {
      out.push_back({what + " at " + std::to_string(at), with_element(der, at, replacement)});
    }
  }
}

void use_indefinite_lengths(const std::string& der, std::vector<Mutant>& out) {
  for (const std::size_t at : headers_in(der)) {
    std::string bytes = der;
    bytes[at + 1] = static_cast<char>(0x80);
    out.push_back({"indefinite at " + std::to_string(at), bytes + std::string(2, '\0')});
  }
  std::string bomb;
  for (int i = 0; i < 50'000; ++i) bomb += "\x30\x80";
  out.push_back({"indefinite bomb", bomb});
  std::string nested;
  for (int i = 0; i < 20'000; ++i) nested += "\x30\x84\x7f\xff\xff\xff";
  out.push_back({"nested lies", nested});
}

std::vector<Mutant> mutants_of(const std::string& der) {
  std::vector<Mutant> out;
  truncate_everywhere(der, out);
  lie_about_lengths(der, out);
  change_tags(der, out);
  replace_elements(der, out);
  use_indefinite_lengths(der, out);
  std::erase_if(out, [&](const Mutant& mutant) { return mutant.bytes == der; });
  return out;
}

/// A reported asset must be one element, all there and sound at every level.
bool honest(const std::string& file, const Finding& finding) {
  const auto element = der::whole_element(as_bytes(file).subspan(finding.occurrences[0].offset));
  return element && der::well_formed(*element, limits::der_depth_max);
}

}  // namespace

TEST_CASE("no malformed certificate crashes, is taken for a good one, or hides the next", "[hostile]") {
  const Material material;
  material.key("k", "-algorithm ED25519");
  material.certificate("k",
                       "-subj /C=DE/O=o/CN=bad -days 10 -addext subjectAltName=DNS:a.example,IP:10.0.0.1 "
                       "-addext extendedKeyUsage=serverAuth,1.2.3 -addext keyUsage=digitalSignature");
  material.key("good", "-algorithm ED25519");
  material.certificate("good", "-subj /CN=good -days 10");
  const std::string der = material.openssl("x509 -in k.crt -outform DER");
  const std::string good = material.openssl("x509 -in good.crt -outform DER");
  const FileScanner scanner;
  const std::string good_id = scanner.scan(good).findings.at(0).id;
  const std::string original_id = scanner.scan(der).findings.at(0).id;

  const auto mutants = mutants_of(der);
  CHECK(mutants.size() > 2500);
  std::size_t reported = 0;
  for (const Mutant& mutant : mutants) {
    INFO(mutant.what);
    // Bytes that look like no element keep a cut mutant from borrowing from its successor.
    const std::string file = mutant.bytes + std::string(600, '\xff') + good;
    const Scanned scanned = scanner.scan(file);
    const bool found = std::any_of(scanned.findings.begin(), scanned.findings.end(), [&](const Finding& f) { return f.id == good_id; });
    CHECK(found);
    for (const Finding& finding : scanned.findings) {
      if (!honest(file, finding)) FAIL("claimed of bytes that are not sound");
      if (finding.id == original_id) FAIL("taken for the original");
    }
    reported += scanned.findings.size() - 1;
    static_cast<void>(describe_certificate(as_bytes(mutant.bytes), "DER"));
  }
  // Some changes leave a valid certificate, for example another serial number.
  CHECK(reported < mutants.size() / 4);
}

TEST_CASE("no malformed private key crashes or is taken for a sound one in raw bytes", "[hostile]") {
  const Material material;
  const auto [algorithm, form] = GENERATE(
      std::pair("RSA -pkeyopt rsa_keygen_bits:512", "pkey -traditional -in k.pem -outform DER"),
      std::pair("RSA -pkeyopt rsa_keygen_bits:512", "pkcs8 -topk8 -nocrypt -in k.pem -outform DER"),
      std::pair("EC -pkeyopt ec_paramgen_curve:P-256", "pkey -traditional -in k.pem -outform DER"),
      std::pair("EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit", "pkcs8 -topk8 -nocrypt -in k.pem -outform DER"),
      std::pair("ED25519", "pkcs8 -topk8 -nocrypt -in k.pem -outform DER"),
      std::pair("DH -pkeyopt group:ffdhe2048", "pkcs8 -topk8 -nocrypt -in k.pem -outform DER"),
      std::pair("EC -pkeyopt ec_paramgen_curve:P-256", "pkcs8 -topk8 -in k.pem -outform DER -passout pass:geheim"));
  INFO(algorithm << " " << form);
  material.key("k", std::string("-algorithm ") + algorithm);
  const std::string der = material.openssl(form);
  material.key("good", "-algorithm ED25519");
  material.certificate("good", "-subj /CN=good -days 10");
  const std::string good = material.openssl("x509 -in good.crt -outform DER");
  const FileScanner scanner;
  REQUIRE(scanner.scan(der).findings.size() == 1);
  const auto mutants = mutants_of(der);
  CHECK(mutants.size() > 150);
  for (const Mutant& mutant : mutants) {
    INFO(mutant.what);
    const std::string file = mutant.bytes + std::string(600, '\xff') + good;
    const Scanned scanned = scanner.scan(file);
    CHECK(scanned.of(FindingType::certificate).size() == 1);
    for (const Finding& finding : scanned.of(FindingType::private_key)) {
      if (!der::whole_element(as_bytes(file).subspan(finding.occurrences[0].offset))) FAIL("claimed of bytes that are not all there");
      if (finding.attributes["consistent"] != true) FAIL("claimed of numbers that disagree");
    }
    const ByteView bytes = as_bytes(mutant.bytes);
    static_cast<void>(read_pkcs1(bytes));
    static_cast<void>(read_sec1(bytes));
    static_cast<void>(read_pkcs8(bytes));
    static_cast<void>(read_dsa_private(bytes));
    static_cast<void>(read_encrypted_pkcs8(bytes));
  }
}

}  // namespace landwaiter::detectors
