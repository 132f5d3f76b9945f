// SPDX-License-Identifier: Apache-2.0
#include "detectors/key_files/putty_key.hpp"

#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/keys/key_finding.hpp"
#include "detectors/keys/x509_text.hpp"
#include "detectors/ssh/ssh_certificate.hpp"
#include "detectors/ssh/ssh_key.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

constexpr std::string_view kPuttyMark = "PuTTY-User-Key-File-";
/// PuTTY writes 64 characters a line; a comment may be longer.
constexpr std::size_t kPuttyLineMax = 4096;
/// 64 KiB of base64, far above the largest RSA key.
constexpr std::size_t kPuttyLinesMax = 1024;

/// The file's fields in the order they come. Values are views into the window.
struct PuttyFile {
  unsigned version = 0;
  std::string_view algorithm, encryption, comment, mac;
  json kdf;                   ///< null if there is none
  std::optional<Bytes> blob;  ///< public
  WipedBytes section;         ///< private
  bool complete = false;
  std::size_t end = 0;
};

class LineReader {
 public:
  LineReader(std::string_view text, std::size_t at) : text_(text), at_(at) {}

  /// The value of the next line, which must have this name.
  [[nodiscard]] bool value(std::string_view name, std::string_view& out) {
    std::size_t next = at_;
    const auto found = line_value(take_line(text_, next, kPuttyLineMax), name);
    if (!found) return false;
    out = *found;
    at_ = next;
    return true;
  }

  [[nodiscard]] bool number(std::string_view name, std::uint32_t& out) {
    std::string_view digits;
    if (!value(name, digits)) return false;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return error == std::errc() && end == digits.data() + digits.size();
  }

  /// The decoded lines of a body after its "...-Lines: N"; nothing when fewer than N are there.
  std::optional<Bytes> body(std::string_view name) {
    std::uint32_t lines = 0;
    if (!number(name, lines) || lines == 0 || lines > kPuttyLinesMax) return std::nullopt;
    std::string base64;
    base64.reserve(std::min<std::size_t>(text_.size() - at_, lines * 80));
    for (; lines > 0; --lines) {
      const std::string_view line = take_line(text_, at_, kPuttyLineMax);
      if (line.empty() || base64_end(line, 0, line.size()) != line.size()) break;
      base64 += line;
    }
    auto bytes = lines == 0 ? base64_decode(base64) : std::nullopt;
    wipe(base64);
    return bytes;
  }

  std::size_t at() const { return std::min(at_, text_.size()); }

 private:
  std::string_view text_;
  std::size_t at_;
};

void read_argon2(LineReader& reader, PuttyFile& file) {
  std::string_view name, salt;
  if (!reader.value("Key-Derivation", name)) return;
  std::uint32_t memory = 0, passes = 0, parallelism = 0;
  const bool read = reader.number("Argon2-Memory", memory) && reader.number("Argon2-Passes", passes) &&
                    reader.number("Argon2-Parallelism", parallelism) && reader.value("Argon2-Salt", salt);
  file.kdf = {{"kdf", attribute_text(name)}};
  if (read) file.kdf.update({{"argon2_memory_kib", memory}, {"argon2_passes", passes}, {"argon2_parallelism", parallelism}});
}

/// `at` is where the algorithm's name starts.
std::optional<PuttyFile> read_file(std::string_view text, std::size_t at, unsigned version) {
  PuttyFile file;
  file.version = version;
  file.algorithm = trim(take_line(text, at, kPuttyLineMax));
  LineReader reader(text, at);
  if (!reader.value("Encryption", file.encryption) || !reader.value("Comment", file.comment)) return std::nullopt;
  if (file.encryption != "none" && file.encryption != "aes256-cbc") return std::nullopt;
  file.blob = reader.body("Public-Lines");
  if (!file.blob) return std::nullopt;
  read_argon2(reader, file);
  if (auto section = reader.body("Private-Lines")) {
    file.section = WipedBytes(*std::move(section));
    // Version 1 had a hash without a key under another name.
    file.complete = reader.value("Private-MAC", file.mac) || reader.value("Private-Hash", file.mac);
  }
  file.end = reader.at();
  return file;
}

/// The MAC over everything, whose key is known if there is no passphrase (PuTTY's manual, appendix C).
bool mac_agrees(const PuttyFile& file) {
  const auto expected = hex_decode(file.mac);
  if (!expected) return false;
  Bytes data;
  data.reserve(file.algorithm.size() + file.comment.size() + file.blob->size() + file.section.view().size() + 64);
  for (const std::string_view field : {file.algorithm, file.encryption, file.comment}) append_ssh_string(data, as_bytes(field));
  append_ssh_string(data, *file.blob);
  append_ssh_string(data, file.section.view());
  constexpr std::string_view kKeyText = "putty-private-key-file-mac-key";
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> key{}, mac{};
  unsigned key_size = 0, mac_size = 0;
  const EVP_MD* hash = file.version >= 3 ? EVP_sha256() : EVP_sha1();
  bool done = true;
  if (file.version < 3) done = EVP_Digest(kKeyText.data(), kKeyText.size(), key.data(), &key_size, EVP_sha1(), nullptr) == 1;
  done = done && HMAC(hash, key.data(), static_cast<int>(key_size), data.data(), data.size(), mac.data(), &mac_size) != nullptr;
  wipe(data);
  return done && std::ranges::equal(*expected, ByteView(mac).first(mac_size));
}

json describe_encryption(const PuttyFile& file) {
  json out{{"scheme", "PuTTY"}, {"cipher", "aes-256-cbc"}};
  if (file.kdf.is_object()) out.update(file.kdf);
  else out.update({{"kdf", "SHA-1"}, {"iterations", 1U}});
  return out;
}

}  // namespace

void inspect_putty_key(const Window& window, const Hit& hit, FindingSink& sink) {
  const std::string_view text = as_text(window.bytes);
  const std::size_t begin = text.substr(0, hit.end).rfind(kPuttyMark);
  if (begin == std::string_view::npos || begin + kPuttyMark.size() >= text.size()) return;
  const char digit = text[begin + kPuttyMark.size()];
  if (digit < '1' || digit > '3') return;
  const auto file = read_file(text, hit.end, static_cast<unsigned>(digit - '0'));
  if (!file) return;
  const auto public_key = read_ssh_key_or_certificate(*file->blob);
  if (!public_key || public_key->type != file->algorithm) return;
  StoredKey key;
  key.public_key = public_key->key;
  key.format = "PuTTY " + std::string(1, digit);
  key.encrypted = file->encryption != "none";
  if (key.encrypted) key.encryption = describe_encryption(*file);
  Finding finding = private_key_finding(key, "text", sink);
  const bool verifiable = file->complete && !key.encrypted && file->version >= 2;
  finding.attributes[attribute::consistent] = verifiable ? json(mac_agrees(*file)) : json(nullptr);
  finding.attributes["complete"] = file->complete;
  finding.attributes["comment"] = attribute_text(file->comment);
  finding.attributes[attribute::ssh_fingerprint] = public_key->fingerprint;
  finding.attributes["ssh_certificate"] = public_key->certificate;
  if (!file->complete) finding.title += ", cut short";
  if (file->version == 1) add_weakness(finding, "no-integrity");
  sink.add(std::move(finding), begin);
  sink.consumed(file->end);
}

}  // namespace landwaiter::detectors
