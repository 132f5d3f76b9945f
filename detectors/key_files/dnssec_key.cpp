// SPDX-License-Identifier: Apache-2.0
#include "detectors/key_files/dnssec_key.hpp"

#include "core/base/encoding.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/key_files/dnssec_public.hpp"
#include "detectors/keys/key_finding.hpp"
#include "detectors/keys/private_key_math.hpp"
#include "detectors/keys/public_key.hpp"
#include "detectors/keys/x509_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;
using Kind = DnssecAlgorithm::Kind;

/// A 16,384-bit number in base64 takes 2,732 characters.
constexpr std::size_t kDnssecLineMax = 4096;

std::optional<unsigned> leading_number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

/// The fields after the first line, up to the first line that is not a field. Numbers are decoded on demand.
class PrivateFields {
 public:
  PrivateFields(std::string_view text, std::size_t at) : end_(at) {
    constexpr std::size_t kFieldsMax = 24;
    for (std::size_t count = 0; count < kFieldsMax && at < text.size(); ++count) {
      const std::string_view line = take_line(text, at, kDnssecLineMax);
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos || colon == 0 || colon > 32 || line.starts_with("Private-key-format")) return;
      fields_.emplace(line.substr(0, colon), trim(line.substr(colon + 1)));
      end_ = std::min(at, text.size());
    }
  }

  std::string_view text(std::string_view name) const {
    const auto found = fields_.find(name);
    return found == fields_.end() ? std::string_view() : found->second;
  }

  /// Empty if it is missing or not base64.
  WipedBytes number(std::string_view name) const {
    auto bytes = base64_decode(text(name));
    return bytes ? WipedBytes(*std::move(bytes)) : WipedBytes();
  }

  std::size_t end() const { return end_; }

 private:
  std::map<std::string_view, std::string_view> fields_;
  std::size_t end_;
};

bool known(ByteView number) { return bit_length(number) != 0; }

/// A private key with consistent numbers.
std::optional<PublicKey> rsa_half(const PrivateFields& fields) {
  const auto n = fields.number("Modulus"), e = fields.number("PublicExponent"), p = fields.number("Prime1"), q = fields.number("Prime2");
  if (!known(n.view()) || !known(e.view()) || bit_length(n.view()) < 512) return std::nullopt;
  const std::array<ByteView, 2> primes{p.view(), q.view()};
  if (!is_product(n.view(), primes)) return std::nullopt;
  return rsa_public_key(n.view(), e.view());
}

std::optional<PublicKey> dsa_half(const PrivateFields& fields) {
  const auto p = fields.number("Prime(p)"), q = fields.number("Subprime(q)"), g = fields.number("Base(g)");
  const auto x = fields.number("Private_value(x)"), y = fields.number("Public_value(y)");
  if (!known(p.view()) || !known(q.view()) || !known(x.view())) return std::nullopt;
  const auto computed = power_modulo(g.view(), x.view(), p.view());
  if (!computed || (known(y.view()) && !std::ranges::equal(*computed, without_zeros(y.view())))) return std::nullopt;
  return dsa_public_key(p.view(), q.view(), g.view(), *computed);
}

std::optional<PublicKey> ec_half(const PrivateFields& fields, unsigned algorithm) {
  const auto scalar = fields.number("PrivateKey");
  if (scalar.view().empty() || scalar.view().size() > kScalarBytesMax) return std::nullopt;
  static constexpr std::array<std::uint8_t, 8> kP256{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
  static constexpr std::array<std::uint8_t, 5> kP384{0x2b, 0x81, 0x04, 0x00, 0x22};
  const Bytes parameters = der::write(der::kOid, {algorithm == 13 ? ByteView(kP256) : ByteView(kP384)});
  PrivateKey key = ec_private_key(parameters, scalar.view(), {});
  if (!key.consistent || key.public_key.spki.empty()) return std::nullopt;
  return std::move(key.public_key);
}

std::optional<PublicKey> public_half(const DnssecAlgorithm& algorithm, const PrivateFields& fields) {
  switch (algorithm.kind) {
    case Kind::rsa: return rsa_half(fields);
    case Kind::dsa: return dsa_half(fields);
    case Kind::ecdsa: return ec_half(fields, algorithm.number);
    case Kind::eddsa: return raw_curve_public_half(dnssec_edwards_oid(algorithm.number), fields.number("PrivateKey").view());
    default: return std::nullopt;
  }
}

std::optional<Finding> describe_private(const DnssecAlgorithm& algorithm, const PrivateFields& fields, FindingSink& sink) {
  std::optional<Finding> finding;
  if (algorithm.kind == Kind::hmac) {
    const auto secret = fields.number("Key");
    if (secret.view().size() < 8 || !looks_random(secret.view())) return std::nullopt;
    finding = secret_key_finding(secret.view(), algorithm.name, "TSIG", sink);
  } else {
    auto half = public_half(algorithm, fields);
    if (!half) return std::nullopt;
    StoredKey key;
    key.public_key = std::move(*half);
    key.format = "DNSSEC";
    finding = private_key_finding(key, "base64", sink);
    finding->attributes["dnssec_algorithm"] = algorithm.name;
  }
  if (!algorithm.weakness.empty()) add_weakness(*finding, algorithm.weakness);
  return finding;
}

/// The base64 of a record, which may be in several pieces within parentheses or quotation marks.
std::string record_base64(std::string_view text, std::size_t& at) {
  constexpr std::size_t kReachMax = 8192;
  std::string out;
  const std::size_t stop = at + std::min(text.size() - at, kReachMax);
  bool parentheses = false, quoted = false;
  for (; at < stop; ++at) {
    const char c = text[at];
    if (c == '(' && out.empty()) parentheses = true;
    else if (c == '"' && out.empty() && !quoted) quoted = true;
    else if (c == '\n' && !parentheses && !quoted) break;
    else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    else if (base64_end(text, at, 1) == at) break;
    else out += c;
  }
  return out;
}

/// RFC 4034, appendix B.
unsigned key_tag(unsigned flags, unsigned algorithm, ByteView field) {
  Bytes data{static_cast<std::uint8_t>(flags >> 8), static_cast<std::uint8_t>(flags), 3, static_cast<std::uint8_t>(algorithm)};
  data.insert(data.end(), field.begin(), field.end());
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < data.size(); ++i) sum += (i & 1) != 0 ? data[i] : static_cast<std::uint32_t>(data[i]) << 8;
  return (sum + (sum >> 16 & 0xffff)) & 0xffff;
}

/// The statement `name "value"` or `name value` in a block of named.conf.
std::string_view statement(std::string_view block, std::string_view name) {
  for (std::size_t at = block.find(name); at != std::string_view::npos; at = block.find(name, at + 1)) {
    const bool word = at == 0 || std::string_view(" \t\r\n;{").find(block[at - 1]) != std::string_view::npos;
    const std::string_view rest = block.substr(at + name.size());
    const std::size_t value = rest.find_first_not_of(" \t\r\n");
    if (!word || value == 0 || value == std::string_view::npos) continue;
    const bool quoted = rest[value] == '"';
    const std::size_t begin = value + (quoted ? 1 : 0);
    const std::size_t end = rest.find_first_of(quoted ? std::string_view("\"\n") : std::string_view("; \t\r\n}"), begin);
    if (end != std::string_view::npos) return rest.substr(begin, end - begin);
  }
  return {};
}

/// Whether the text before the brace is the start of a `key` statement.
bool opens_key(std::string_view before) {
  before = trim(before);
  const std::size_t name = before.find_last_of(" \t\r\n");
  if (name == std::string_view::npos) return false;
  before = trim(before.substr(0, name));
  return before == "key" ||
         (before.ends_with("key") && std::string_view(" \t\r\n;}/").find(before[before.size() - 4]) != std::string_view::npos);
}

}  // namespace

void inspect_dnssec_private(const Window& window, const Hit& hit, FindingSink& sink) {
  const std::string_view text = as_text(window.bytes);
  const std::size_t begin = text.substr(0, hit.end).rfind("Private-key-format");
  if (begin == std::string_view::npos) return;
  std::size_t at = hit.end;
  take_line(text, at, 16);
  const PrivateFields fields(text, at);
  const auto number = leading_number(fields.text("Algorithm"));
  const DnssecAlgorithm* algorithm = number ? dnssec_algorithm(*number) : nullptr;
  auto finding = algorithm == nullptr ? std::nullopt : describe_private(*algorithm, fields, sink);
  if (!finding) return;
  sink.add(*std::move(finding), begin);
  sink.consumed(fields.end());
}

void inspect_dnskey(const Window& window, const Hit& hit, FindingSink& sink) {
  const std::string_view text = as_text(window.bytes);
  // The pattern's numbers: name, flags, protocol, algorithm; a blank each.
  constexpr std::size_t kPatternMax = 64;
  const std::size_t from = hit.end - std::min(hit.end, kPatternMax);
  const std::string_view before = text.substr(from, hit.end - from);
  const std::size_t name = std::max<std::size_t>(before.rfind("DNSKEY") + 1, before.rfind("-key") + 1);
  if (name == 0) return;
  std::array<unsigned, 3> numbers{};
  std::size_t at = name;
  for (unsigned& number : numbers) {
    at = before.find_first_of("0123456789", at);
    const auto value = at == std::string_view::npos ? std::nullopt : leading_number(before.substr(at));
    if (!value) return;
    number = *value;
    at = before.find_first_not_of("0123456789", at);
  }
  const DnssecAlgorithm* algorithm = dnssec_algorithm(numbers[2]);
  if (algorithm == nullptr || numbers[0] > 0xffff) return;
  std::size_t end = hit.end;
  const auto field = base64_decode(record_base64(text, end));
  const auto key = field ? read_dnskey(*algorithm, *field) : std::nullopt;
  if (!key) return;
  Finding finding = public_key_finding(*key, "base64", "DNSKEY");
  finding.attributes["dnssec_algorithm"] = algorithm->name;
  finding.attributes["key_tag"] = key_tag(numbers[0], algorithm->number, *field);
  // RFC 4034, 2.1.1; RFC 5011, 7.
  finding.attributes["zone_key"] = (numbers[0] & 0x100) != 0;
  finding.attributes["secure_entry_point"] = (numbers[0] & 1) != 0;
  finding.attributes[attribute::revoked] = (numbers[0] & 0x80) != 0;
  if (!algorithm->weakness.empty()) add_weakness(finding, algorithm->weakness);
  sink.add(std::move(finding), from + name - 1);
}

void inspect_tsig_key(const Window& window, const Hit& hit, FindingSink& sink) {
  constexpr std::size_t kBlockMax = 1024;
  const std::string_view text = as_text(window.bytes);
  const std::size_t from = hit.end - std::min(hit.end, kBlockMax);
  const std::size_t open = text.substr(from, hit.end - from).rfind('{');
  const std::size_t close = text.substr(hit.end, kBlockMax).find('}');
  if (open == std::string_view::npos || close == std::string_view::npos || !opens_key(text.substr(from, open))) return;
  const std::size_t begin = from + open;
  const std::string_view block = text.substr(begin, hit.end + close + 1 - begin);
  const std::string algorithm = to_lower(statement(block, "algorithm"));
  auto decoded = base64_decode(statement(block, "secret"));
  if (!decoded || decoded->size() < 8 || algorithm.size() > 32) return;
  const WipedBytes secret(*std::move(decoded));
  if (!looks_random(secret.view())) return;
  Finding finding = secret_key_finding(secret.view(), attribute_text(algorithm), "TSIG", sink);
  if (algorithm.starts_with("hmac-md5")) add_weakness(finding, "md5");
  if (algorithm.starts_with("hmac-sha1")) add_weakness(finding, "sha1");
  sink.add(std::move(finding), begin);
  sink.consumed(hit.end + close + 1);
}

}  // namespace landwaiter::detectors
