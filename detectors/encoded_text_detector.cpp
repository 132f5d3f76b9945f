// SPDX-License-Identifier: Apache-2.0
#include "detectors/encoded_text_detector.hpp"

#include "core/limits.hpp"
#include "core/secret.hpp"
#include "detectors/der.hpp"
#include "detectors/encoded_text.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

enum TriggerId { kBase64Pem0, kBase64Pem1, kBase64Pem2, kBase64Der, kBase64Keystore, kHexPem, kHexDer, kUtf16Pem };

/// "-----BEGIN " in base64, from the first character that no other bit has a part in, when it begins a group of three bytes or one or two bytes
/// later; and how many characters before that its group begins.
constexpr std::string_view kPem0 = "LS0tLS1CRUdJTi";
constexpr std::string_view kPem1 = "0tLS0tQkVHSU4g";
constexpr std::string_view kPem2 = "tLS0tLUJFR0lOI";
constexpr std::size_t kPem1Before = 2;
constexpr std::size_t kPem2Before = 3;
constexpr std::size_t kKeystoreCharacters = 12;
constexpr std::size_t kHexPemDigits = 22;
/// The longest of the patterns.
constexpr std::size_t kBase64DerMax = 16;
constexpr std::size_t kHexDerMax = 28;
/// In UTF-16, from the zero in front of the third dash to the space.
constexpr std::size_t kUtf16PemBytes = 18;
constexpr std::size_t kUtf16DashesBefore = 4;

/// Fewer characters hold no key (pem.hpp says the same of a block's body).
constexpr std::size_t kCharactersMin = 64;
/// The shortest of what has a trigger, a public key of Ed25519, has 44 bytes.
constexpr std::size_t kDerBytesMin = 44;

/// Hands on what the run says, unless it goes on behind the window: then it is called for once more.
void hand_on(const Window& window, encoded::Run run, FindingSink& sink) {
  if (run.open && !window.ends_file && sink.need(run.begin, limits::object_bytes_max)) return wipe(run.bytes);
  sink.decoded(run.encoding, std::move(run.bytes), run.begin, run.end);
}

/// Back from the hit's end to the first character, `length` of them.
std::size_t start_of(const Hit& hit, std::size_t length) { return hit.end - std::min(hit.end, length); }

void inspect_base64_pem(const Window& window, const Hit& hit, FindingSink& sink) {
  const bool first = hit.trigger == kBase64Pem0;
  const std::size_t length = first ? kPem0.size() + 1 : hit.trigger == kBase64Pem1 ? kPem1.size() : kPem2.size();
  const std::size_t before = first ? 0 : hit.trigger == kBase64Pem1 ? kPem1Before : kPem2Before;
  std::size_t begin = start_of(hit, length);
  // The group's first characters hold the end of what stands before the dashes.
  if (begin < before) return;
  begin -= before;
  encoded::Run run = encoded::read_base64(window.bytes, begin, encoded::kAll);
  if (run.end - run.begin < kCharactersMin) return wipe(run.bytes);
  hand_on(window, std::move(run), sink);
}

/// A value begins here: what stands before is no base64, or the letter of an escape.
bool begins_value(ByteView text, std::size_t begin) {
  if (begin == 0 || !encoded::is_base64(text[begin - 1])) return true;
  const std::uint8_t c = text[begin - 1];
  return begin > 1 && (c == 'n' || c == 'r' || c == 't') && text[begin - 2] == '\\';
}

/// Base64 characters that these bytes take, without padding.
std::size_t base64_characters(std::uint64_t bytes) { return static_cast<std::size_t>((bytes * 8 + 5) / 6); }

bool is_one_sequence(ByteView der) { return der::only_content(der, der::kSequence) && der::well_formed(der, limits::der_depth_max); }

/// Asks for all the text of an object that the window does not show; true when it will come.
bool will_come(const Window& window, const encoded::Run& run, std::uint64_t characters, FindingSink& sink) {
  // Lines of 64 and indentation add less than a half.
  return run.open && !window.ends_file && sink.need(run.begin, characters + characters / 2);
}

/// True when an object begins at `begin`, or seems to and will be read later.
bool read_base64_der(const Window& window, std::size_t begin, FindingSink& sink) {
  constexpr std::size_t kHeaderCharacters = 8;
  const encoded::Run header = encoded::read_base64(window.bytes, begin, kHeaderCharacters);
  const auto size = der::promised_size(header.bytes);
  if (!size || *size < kDerBytesMin || *size > limits::object_bytes_max) return false;
  const std::size_t characters = base64_characters(*size);
  encoded::Run run = encoded::read_base64(window.bytes, begin, characters);
  const bool fills = run.end == window.bytes.size() || !(encoded::is_base64(window.bytes[run.end]) || window.bytes[run.end] == '=');
  if (run.bytes.size() == *size && fills && is_one_sequence(run.bytes)) {
    sink.decoded(run.encoding, std::move(run.bytes), run.begin, run.end);
    return true;
  }
  const bool cut = run.bytes.size() < *size;
  wipe(run.bytes);
  return cut && will_come(window, run, characters, sink);
}

void inspect_base64_der(const Window& window, const Hit& hit, FindingSink& sink) {
  for (std::size_t begin = start_of(hit, kBase64DerMax); begin < hit.end; ++begin) {
    if (window.bytes[begin] != 'M' || !begins_value(window.bytes, begin) || encoded::is_pem_body(window.bytes, begin)) continue;
    if (read_base64_der(window, begin, sink)) return;
  }
}

void inspect_base64_keystore(const Window& window, const Hit& hit, FindingSink& sink) {
  const std::size_t begin = start_of(hit, kKeystoreCharacters);
  if (!begins_value(window.bytes, begin)) return;
  encoded::Run run = encoded::read_base64(window.bytes, begin, encoded::kAll);
  if (run.end - run.begin < kCharactersMin / 2) return wipe(run.bytes);
  hand_on(window, std::move(run), sink);
}

void inspect_hex_pem(const Window& window, const Hit& hit, FindingSink& sink) {
  encoded::Run run = encoded::read_hex(window.bytes, start_of(hit, kHexPemDigits), encoded::kAll);
  if (run.bytes.size() < kCharactersMin) return wipe(run.bytes);
  hand_on(window, std::move(run), sink);
}

/// Signatures in PDF have room left, filled with zeros: what follows the object is not looked at.
bool read_hex_der(const Window& window, std::size_t begin, FindingSink& sink) {
  constexpr std::size_t kHeaderDigits = 12;
  const encoded::Run header = encoded::read_hex(window.bytes, begin, kHeaderDigits);
  const auto size = der::promised_size(header.bytes);
  if (!size || *size < kDerBytesMin || *size > limits::object_bytes_max / 2) return false;
  encoded::Run run = encoded::read_hex(window.bytes, begin, static_cast<std::size_t>(*size) * 2);
  if (run.bytes.size() == *size && is_one_sequence(run.bytes)) {
    sink.decoded(run.encoding, std::move(run.bytes), run.begin, run.end);
    return true;
  }
  const bool cut = run.bytes.size() < *size;
  wipe(run.bytes);
  return cut && will_come(window, run, *size * 2, sink);
}

void inspect_hex_der(const Window& window, const Hit& hit, FindingSink& sink) {
  const std::string_view text = as_text(window.bytes);
  for (std::size_t begin = start_of(hit, kHexDerMax); begin < hit.end; ++begin) {
    const std::string_view rest = text.substr(begin, 6);
    const bool candidate = rest.starts_with("3082") || (rest.starts_with("30") && rest.ends_with("30"));
    if (candidate && read_hex_der(window, begin, sink)) return;
  }
}

void inspect_utf16(const Window& window, const Hit& hit, FindingSink& sink) {
  // The pattern begins with a zero that belongs to the dash before or behind it; two dashes and their zeros stand before.
  if (hit.end + 1 < kUtf16PemBytes + kUtf16DashesBefore) return;
  const std::size_t third = start_of(hit, kUtf16PemBytes) + 1;
  const std::size_t begin = third - kUtf16DashesBefore;
  if (window.bytes[begin] != '-' || window.bytes[begin + 2] != '-') return;
  encoded::Run run = encoded::read_utf16(window.bytes, begin, window.offset);
  if (run.bytes.size() < kCharactersMin) return wipe(run.bytes);
  hand_on(window, std::move(run), sink);
}

}  // namespace

std::vector<Trigger> EncodedTextDetector::triggers() const {
  return {
      {kBase64Pem0, std::string(kPem0) + "[A-D]", kPem0.size() + 1},
      {kBase64Pem1, std::string(kPem1), kPem1.size()},
      {kBase64Pem2, std::string(kPem2), kPem2.size()},
      // What keys, requests, certificates, keystores and signatures begin with: a SEQUENCE with a length of two bytes (MII), one (MIG, MIH) or none,
      // and as much of what is inside as its kind always has.
      {kBase64Der,
       R"(MII[A-P][0-9A-Za-z+/_-](?:[DTjz](?:CC[0-9A-Za-z+/_-]{3}(?:gAwIB|C[A-F]|w[A-D])|CB[0-9A-Za-z+/_-](?:[Kaq6]ADAgE|[AQgw]IBAD)|[AB][0-9A-Za-z+/_-]Bgk))"
       R"(|[AQgw](?:IB[AB]|KC[AB]|oBAK|YJKoZI)))"
       R"(|MI[GH][0-9A-Za-z+/_-](?:AgE[AB]|M[A-F][0-9A-Za-z+/_-]G(?:ByqG|CSqG)|AoGBA|MI[GH][0-9A-Za-z+/_-](?:oAMC|AgEA)))"
       R"(|M[A-H][0-9A-Za-z+/_-](?:w(?:E[wA]YHKoZI|BQYDK2V)|CAQAwBQYDK2V|CAQEE[IMD]))",
       kBase64DerMax},
      // FEEDFEED and CECECECE, version 1 or 2, and a count of less than 2^24.
      {kBase64Keystore, "(?:[/_]u3[+-]7Q|zs7Ozg)AAAA[EI]A", kKeystoreCharacters},
      {kHexPem, "2[dD]2[dD]2[dD]2[dD]2[dD]424547494[eE]20", kHexPemDigits},
      {kHexDer,
       "3082[0-9a-fA-F]{4}(?:3082[0-9a-fA-F]{4}(?:[aA]0030201|02010[01]30)|0282[0-9a-fA-F]{4}00|02010[0-3](?:0282|300[dD]0609|3082)|06092[aA]864886|300[dD]06092[aA]864886)"
       "|30[0-9a-fA-F]{2}301[03]06072[aA]8648[cC][eE]3[dD]0201",
       kHexDerMax},
      {kUtf16Pem, R"(\x00-\x00-\x00-\x00B\x00E\x00G\x00I\x00N\x00 )", kUtf16PemBytes},
  };
}

void EncodedTextDetector::inspect(const Window& window, const Hit& hit, FindingSink& sink) const {
  if (hit.end > window.bytes.size()) return;
  switch (hit.trigger) {
    case kBase64Pem0:
    case kBase64Pem1:
    case kBase64Pem2: return inspect_base64_pem(window, hit, sink);
    case kBase64Der: return inspect_base64_der(window, hit, sink);
    case kBase64Keystore: return inspect_base64_keystore(window, hit, sink);
    case kHexPem: return inspect_hex_pem(window, hit, sink);
    case kHexDer: return inspect_hex_der(window, hit, sink);
    default: return inspect_utf16(window, hit, sink);
  }
}

}  // namespace landwaiter::detectors
