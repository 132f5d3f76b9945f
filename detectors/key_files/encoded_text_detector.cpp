// SPDX-License-Identifier: Apache-2.0
#include "detectors/key_files/encoded_text_detector.hpp"

#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "detectors/engine/inflate.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/formats/encoded_text.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace landwaiter::detectors {
namespace {

enum EncodedTrigger {
  kBase64Der = 100,
  kBase64Keystore,
  kHexPem,
  kHexDer,
  kHexGzip,
  kHexZlib,
  kUtf16Pem,
  kUrlPem,
  kBase64Zlib,
  kBase64ZlibTwice,
  kCompressed = 200,
  kCompressedTwice = 300
};

/// Base64 characters that depend only on these bytes, and the number of characters before them in their group of three bytes.
struct Base64Text {
  std::string_view characters;
  std::size_t before;
};

/// "-----BEGIN " at the start of a group of three bytes, and one and two bytes later; then the same for its base64, as in a
/// base64-encoded manifest. A trigger's number is the index.
constexpr std::array<Base64Text, 6> kBase64Texts{{{"LS0tLS1CRUdJTi", 0},
                                                  {"0tLS0tQkVHSU4g", 2},
                                                  {"tLS0tLUJFR0lOI", 3},
                                                  {"TFMwdExTMUNSVWRKVG", 0},
                                                  {"xTMHRMUzFDUlVkSlRp", 2},
                                                  {"MUzB0TFMxQ1JVZEpUa", 3}}};
/// How gzip, zstd, xz, bzip2, zip, 7z, cabinets, packs of git, xar and RAR begin, as the start of a value; and the base64 of that text at
/// each place in a group, as Helm stores it.
struct CompressedText {
  std::string_view pattern;
  std::size_t characters;
};
constexpr std::array<CompressedText, 10> kCompressedTexts{{{"H4sI", 4},
                                                           {"KLUv[/_]", 5},
                                                           {"[/_]Td6WFoA", 8},
                                                           {"QlpoOTFBWSZTW", 13},
                                                           {"UEsDB[A-D][0-9A-Za-z+/_-]A", 8},
                                                           {"N3q8rycc", 8},
                                                           {"TVNDRgAAAA", 10},
                                                           {"UEFDSwAAAA[I-P]", 11},
                                                           {"eGFyIQAc", 8},
                                                           {"UmFyIRoH", 8}}};
constexpr std::array<Base64Text, 15> kCompressedTwiceTexts{{{"SDRzS", 0},
                                                            {"g0c0", 2},
                                                            {"INHNJ", 3},
                                                            {"S0xVdi", 0},
                                                            {"tMVXYv", 2},
                                                            {"LTFV2L", 3},
                                                            {"L1RkNldGb0", 0},
                                                            {"9UZDZXRm9B", 2},
                                                            {"vVGQ2V0ZvQ", 3},
                                                            {"UWxwb09URkJXU1pUV", 0},
                                                            {"FscG9PVEZCV1NaVF", 2},
                                                            {"RbHBvT1RGQldTWlRX", 3},
                                                            {"VUVzRE", 0},
                                                            {"VFc0RC", 2},
                                                            {"VRXNEQ", 3}}};
constexpr std::size_t kKeystoreCharacters = 12;
constexpr std::size_t kHexPemDigits = 22, kHexGzipDigits = 8, kHexZlibDigits = 6;
constexpr std::size_t kZlibCharacters = 10, kZlibTwiceCharacters = 13;
/// The longest of the patterns.
constexpr std::size_t kBase64DerMax = 16;
constexpr std::size_t kHexDerMax = 28;
/// In UTF-16, from the zero in front of the third dash to the space.
constexpr std::size_t kUtf16PemBytes = 18;
constexpr std::size_t kUtf16DashesBefore = 4;

/// Fewer characters cannot hold a key (as in pem.hpp for a block's body).
constexpr std::size_t kCharactersMin = 64;
constexpr std::size_t kBytesMin = kCharactersMin / 4 * 3;
/// The shortest of what has a trigger, a public key of Ed25519, has 44 bytes.
constexpr std::size_t kDerBytesMin = 44;

using ReadRun = encoded::Run (*)(ByteView text, std::size_t begin, std::size_t units_max);

/// Number of encoded characters needed for `bytes` bytes.
std::size_t units_of(std::string_view encoding, std::size_t bytes) {
  return encoding == "hex" ? 2 * bytes : static_cast<std::size_t>((static_cast<std::uint64_t>(bytes) * 8 + 5) / 6);
}

/// Drops everything after the last END line: a further, incomplete block has its own trigger.
void cut_behind_last_block(encoded::Run& run) {
  constexpr std::string_view kEnd = "-----END ";
  constexpr std::string_view kDashes = "-----";
  const std::string_view decoded = as_text(run.bytes);
  std::size_t last = decoded.rfind(kEnd);
  // The last line itself may be truncated.
  if (last != std::string_view::npos && decoded.find(kDashes, last + kEnd.size()) == std::string_view::npos) {
    last = last == 0 ? std::string_view::npos : decoded.rfind(kEnd, last - 1);
  }
  if (last == std::string_view::npos) return;
  const std::size_t size = decoded.find(kDashes, last + kEnd.size()) + kDashes.size();
  std::fill(run.bytes.begin() + static_cast<std::ptrdiff_t>(size), run.bytes.end(), std::uint8_t{0});
  run.bytes.resize(size);
}

/// Passes on the PEM that is encoded from `begin` on. Reads only as far as every window is guaranteed to reach, so the result does not
/// depend on how a file was split.
void hand_on_pem(const Window& window, std::size_t begin, ReadRun read, FindingSink& sink) {
  const std::size_t reach = begin + std::min(window.bytes.size() - begin, limits::detector_lookahead_bytes);
  const ByteView text = window.bytes.first(reach);
  encoded::Run run = read(text, begin, encoded::kAll);
  if (run.bytes.size() < kBytesMin) return wipe(run.bytes);
  const bool all_seen = window.ends_file && reach == window.bytes.size();
  if (run.open && !all_seen) {
    cut_behind_last_block(run);
    encoded::Run cut = read(text, begin, units_of(run.encoding, run.bytes.size()));
    run.end = cut.end;
    wipe(cut.bytes);
  }
  sink.decoded(run.encoding, std::move(run.bytes), run.begin, run.end);
}

/// Passes on the decoded run, unless it continues after the window: then the rest is requested first.
void hand_on(const Window& window, encoded::Run run, FindingSink& sink) {
  if (run.open && !window.ends_file && sink.need(run.begin, limits::object_bytes_max)) return wipe(run.bytes);
  sink.decoded(run.encoding, std::move(run.bytes), run.begin, run.end);
}

/// Back from the hit's end to the first character, `length` of them.
std::size_t start_of(const Hit& hit, std::size_t length) { return hit.end - std::min(hit.end, length); }

/// Goes back over that many base64 characters, across a line break; nothing if there are fewer.
std::optional<std::size_t> group_begin(ByteView text, std::size_t at, std::size_t characters) {
  constexpr std::size_t kSpacesMax = 64;
  std::size_t spaces = 0;
  while (characters > 0) {
    if (at == 0 || spaces > kSpacesMax) return std::nullopt;
    const std::uint8_t c = text[--at];
    if (is_base64(c) || is_base64url(c)) --characters;
    else if (is_space(c)) ++spaces;
    else return std::nullopt;
  }
  return at;
}

void inspect_base64_text(const Window& window, const Hit& hit, FindingSink& sink) {
  const Base64Text& text = kBase64Texts[static_cast<std::size_t>(hit.trigger)];
  // The group's first characters also encode the end of the preceding bytes.
  const auto begin = group_begin(window.bytes, start_of(hit, text.characters.size()), text.before);
  if (!begin) return;
  constexpr int kBase64OfBase64 = 3;
  if (hit.trigger < kBase64OfBase64) return hand_on_pem(window, *begin, &encoded::read_base64, sink);
  encoded::Run run = encoded::read_base64(window.bytes, *begin, encoded::kAll);
  if (run.bytes.size() < kBytesMin) return wipe(run.bytes);
  hand_on(window, std::move(run), sink);
}

/// A value starts here: the preceding character is not base64, or is the letter of an escape.
bool begins_value(ByteView text, std::size_t begin) {
  if (begin == 0 || !is_base64(text[begin - 1])) return true;
  const std::uint8_t c = text[begin - 1];
  return begin > 1 && (c == 'n' || c == 'r' || c == 't') && text[begin - 2] == '\\';
}

/// Number of base64 characters for this many bytes, without padding.
std::size_t base64_characters(std::uint64_t bytes) { return static_cast<std::size_t>((bytes * 8 + 5) / 6); }

bool is_one_sequence(ByteView der) { return der::only_content(der, der::kSequence) && der::well_formed(der, limits::der_depth_max); }

/// Requests the whole text of an object that the window does not contain; true if it will be provided.
bool will_come(const Window& window, const encoded::Run& run, std::uint64_t characters, FindingSink& sink) {
  // Lines of 64 and indentation add less than a half.
  return run.open && !window.ends_file && sink.need(run.begin, characters + characters / 2);
}

/// True if an object starts at `begin`, or seems to and will be read later.
bool read_base64_der(const Window& window, std::size_t begin, FindingSink& sink) {
  constexpr std::size_t kHeaderCharacters = 8;
  const encoded::Run header = encoded::read_base64(window.bytes, begin, kHeaderCharacters);
  const auto size = der::promised_size(header.bytes);
  if (!size || *size < kDerBytesMin || *size > limits::object_bytes_max) return false;
  const std::size_t characters = base64_characters(*size);
  encoded::Run run = encoded::read_base64(window.bytes, begin, characters);
  const bool fills = run.end == window.bytes.size() || !(is_base64(window.bytes[run.end]) || window.bytes[run.end] == '=');
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

void inspect_compressed(const Window& window, std::size_t begin, FindingSink& sink) {
  encoded::Run run = encoded::read_base64(window.bytes, begin, encoded::kAll);
  if (run.bytes.size() < kBytesMin) return wipe(run.bytes);
  hand_on(window, std::move(run), sink);
}

void inspect_compressed_text(const Window& window, const Hit& hit, FindingSink& sink) {
  const std::size_t begin = start_of(hit, kCompressedTexts[static_cast<std::size_t>(hit.trigger - kCompressed)].characters);
  if (begins_value(window.bytes, begin)) inspect_compressed(window, begin, sink);
}

void inspect_compressed_twice(const Window& window, const Hit& hit, FindingSink& sink) {
  const Base64Text& text = kCompressedTwiceTexts[static_cast<std::size_t>(hit.trigger - kCompressedTwice)];
  const auto begin = group_begin(window.bytes, start_of(hit, text.characters.size()), text.before);
  // Anywhere in the outer text: the inner one may stand behind other words.
  if (begin) inspect_compressed(window, *begin, sink);
}

/// The header of zlib has no magic (RFC 1950): what follows must be deflated, too, or nothing is read.
bool begins_zlib(ByteView text, std::size_t begin, ReadRun read) {
  // As many as a block's tables of codes can take, and some content.
  constexpr std::size_t kHeadUnits = 1024;
  encoded::Run head = read(text, begin, kHeadUnits);
  const bool zlib = head.bytes.size() >= kBytesMin && sniff_compression(head.bytes) == Compression::zlib;
  wipe(head.bytes);
  return zlib;
}

void inspect_zlib_text(const Window& window, const Hit& hit, FindingSink& sink) {
  const std::size_t begin = start_of(hit, kZlibCharacters);
  if (!begins_value(window.bytes, begin) || !begins_zlib(window.bytes, begin, &encoded::read_base64)) return;
  inspect_compressed(window, begin, sink);
}

/// Only where a value begins: three characters alone are in any text.
void inspect_zlib_twice(const Window& window, const Hit& hit, FindingSink& sink) {
  const std::size_t begin = start_of(hit, kZlibTwiceCharacters);
  if (begins_value(window.bytes, begin)) inspect_compressed(window, begin, sink);
}

/// Compressed bytes as a literal in a program or a database's dump.
void inspect_hex_compressed(const Window& window, const Hit& hit, std::size_t digits, FindingSink& sink) {
  const std::size_t begin = start_of(hit, digits);
  const auto is_digit = [](std::uint8_t c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); };
  if (begin > 0 && is_digit(window.bytes[begin - 1])) return;
  if (hit.trigger == kHexZlib && !begins_zlib(window.bytes, begin, &encoded::read_hex)) return;
  encoded::Run run = encoded::read_hex(window.bytes, begin, encoded::kAll);
  if (run.bytes.size() < kBytesMin) return wipe(run.bytes);
  hand_on(window, std::move(run), sink);
}

void inspect_hex_pem(const Window& window, const Hit& hit, FindingSink& sink) {
  hand_on_pem(window, start_of(hit, kHexPemDigits), &encoded::read_hex, sink);
}

/// Signatures in PDF are padded with zeros: bytes after the object are ignored.
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
    const bool candidate =
        rest.starts_with("3081") || rest.starts_with("3082") || (rest.starts_with("30") && (rest.ends_with("30") || rest.ends_with("02")));
    if (candidate && read_hex_der(window, begin, sink)) return;
  }
}

void inspect_utf16(const Window& window, const Hit& hit, FindingSink& sink) {
  // The pattern starts with a zero that belongs to the dash before or after it; two dashes and their zeros precede it.
  if (hit.end + 1 < kUtf16PemBytes + kUtf16DashesBefore) return;
  const std::size_t third = start_of(hit, kUtf16PemBytes) + 1;
  const std::size_t begin = third - kUtf16DashesBefore;
  if (window.bytes[begin] != '-' || window.bytes[begin + 2] != '-') return;
  const std::size_t reach = begin + std::min(window.bytes.size() - begin, limits::detector_lookahead_bytes);
  encoded::Run run = encoded::read_utf16(window.bytes.first(reach), begin, window.offset);
  if (run.bytes.size() < kCharactersMin) return wipe(run.bytes);
  const std::size_t all = run.bytes.size();
  const bool all_seen = window.ends_file && reach == window.bytes.size();
  if (run.open && !all_seen) cut_behind_last_block(run);
  run.end -= 2 * (all - run.bytes.size());
  sink.decoded(run.encoding, std::move(run.bytes), run.begin, run.end);
}

/// A form or an address; the character behind "BEGIN" says how it writes spaces.
void inspect_url(const Window& window, const Hit& hit, FindingSink& sink) {
  const std::size_t begin = as_text(window.bytes.first(hit.end)).rfind("-----BEGIN");
  if (begin == std::string_view::npos) return;
  encoded::Run run = encoded::read_percent(window.bytes, begin, window.bytes[hit.end - 1] == '+');
  if (run.bytes.size() < kCharactersMin) return wipe(run.bytes);
  hand_on(window, std::move(run), sink);
}

}  // namespace

std::vector<Trigger> EncodedTextDetector::triggers() const {
  std::vector<Trigger> out;
  for (std::size_t i = 0; i < kBase64Texts.size(); ++i) {
    out.push_back({static_cast<int>(i), std::string(kBase64Texts[i].characters), kBase64Texts[i].characters.size()});
  }
  const std::vector<Trigger> others{
      // How keys, requests, certificates, keystores and signatures start: a SEQUENCE with a length of two bytes (MII), one (MIG, MIH) or
      // none, and the content that is the same for all of its kind.
      {kBase64Der,
       R"(MII[A-Za-z][0-9A-Za-z+/_-](?:[DTjz](?:CC[0-9A-Za-z+/_-]{3}(?:gAwIB|C[A-F]|w[A-D])|CB[0-9A-Za-z+/_-](?:[Kaq6]ADAgE|[AQgw]IBA[DT]))"
       R"(|ALBglgh|AKBggrB)"
       R"(|[AB][0-9A-Za-z+/_-](?:Bgk|AgEBM)))"
       R"(|[AQgw](?:IB[AB]|KC[AB]|oBAK|YJKoZI)))"
       R"(|MI[GH][0-9A-Za-z+/_-](?:AgE[AB]|M[A-F][0-9A-Za-z+/_-]G(?:ByqG|CSqG)|AoGBA|MI[GH][0-9A-Za-z+/_-](?:oAMC|AgEA))"
       R"(|M[A-H][0-9A-Za-z+/_-]CAQ[AE]w))"
       R"(|M[A-H][0-9A-Za-z+/_-](?:(?:w|CAQAw)(?:[D-G][AQgw]YHKoZI|BQYDK2V|CwYJYIZI)|CAQEE[C-S]))",
       kBase64DerMax},
      // FEEDFEED and CECECECE, version 1 or 2, and a count of less than 2^24.
      {kBase64Keystore, "(?:[/_]u3[+-]7Q|zs7Ozg)AAAA[EI]A", kKeystoreCharacters},
      {kHexPem, "2[dD]2[dD]2[dD]2[dD]2[dD]424547494[eE]20", kHexPemDigits},
      {kHexDer,
       "3082[0-9a-fA-F]{4}(?:3082[0-9a-fA-F]{4}(?:[aA]0030201|02010[01]30)|0282[0-9a-fA-F]{4}00"
       "|02010[0-3](?:0282|04[1-4]|300[dD]0609|308[12])|(?:30[0-9a-fA-F]{2})?06092[aA]864886)"
       "|30[0-9a-fA-F]{2}301[03]06072[aA]8648[cC][eE]3[dD]0201"
       "|30[0-9a-fA-F]{2}02010104[1-4][0-9a-fA-F]"
       "|3081[0-9a-fA-F]{2}(?:02010[01](?:30|04)|30[0-9a-fA-F]{2}06)"
       "|30[0-9a-fA-F]{2}020100300(?:506032[bB]65|[bB]0609608648)|30[0-9a-fA-F]{2}020100301[0-9a-fA-F]06072[aA]8648[cC][eE]",
       kHexDerMax},
      // Deflated, and flags that exist.
      {kHexGzip, "1[fF]8[bB]08[01][0-9a-fA-F]", kHexGzipDigits},
      // 78 01, 5e, 9c or da, and the first three bits of deflated data, which are not 11x.
      {kHexZlib, "78(?:01|5[eE]|9[cC]|[dD][aA])[0-9a-fA-F][0-589a-dA-D]", kHexZlibDigits},
      {kBase64Zlib, "e(?:A[E-H]|F[4-7]|J[w-z]|N[o-r])[A-FI-NQ-VY-dg-lo-tw-z014-9][0-9A-Za-z+/_-]{6}", kZlibCharacters},
      {kBase64ZlibTwice, "ZU(?:F[F-I]|Y[0-3]|p[3-6]|5[v-y])(?:[K-OQ-Za-e][0-9A-Za-z+/_-]{3}){2}[K-OQ-Za-e]", kZlibTwiceCharacters},
      {kUtf16Pem, R"(\x00-\x00-\x00-\x00B\x00E\x00G\x00I\x00N\x00 )", kUtf16PemBytes},
      {kUrlPem, R"(-----BEGIN(?:\+|%(?:25){0,3}20))", 19},
  };
  out.insert(out.end(), others.begin(), others.end());
  for (std::size_t i = 0; i < kCompressedTexts.size(); ++i) {
    out.push_back({kCompressed + static_cast<int>(i), std::string(kCompressedTexts[i].pattern), kCompressedTexts[i].characters});
  }
  for (std::size_t i = 0; i < kCompressedTwiceTexts.size(); ++i) {
    const std::string_view characters = kCompressedTwiceTexts[i].characters;
    out.push_back({kCompressedTwice + static_cast<int>(i), std::string(characters), characters.size()});
  }
  return out;
}

void EncodedTextDetector::inspect(const Window& window, const Hit& hit, FindingSink& sink) const {
  if (hit.end > window.bytes.size()) return;
  switch (hit.trigger) {
    case kBase64Der: return inspect_base64_der(window, hit, sink);
    case kBase64Keystore: return inspect_base64_keystore(window, hit, sink);
    case kHexPem: return inspect_hex_pem(window, hit, sink);
    case kHexDer: return inspect_hex_der(window, hit, sink);
    case kHexGzip: return inspect_hex_compressed(window, hit, kHexGzipDigits, sink);
    case kHexZlib: return inspect_hex_compressed(window, hit, kHexZlibDigits, sink);
    case kBase64Zlib: return inspect_zlib_text(window, hit, sink);
    case kBase64ZlibTwice: return inspect_zlib_twice(window, hit, sink);
    case kUrlPem: return inspect_url(window, hit, sink);
    case kUtf16Pem: return inspect_utf16(window, hit, sink);
    default: break;
  }
  if (hit.trigger >= kCompressedTwice) return inspect_compressed_twice(window, hit, sink);
  if (hit.trigger >= kCompressed) return inspect_compressed_text(window, hit, sink);
  inspect_base64_text(window, hit, sink);
}

}  // namespace landwaiter::detectors
