// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/x509_text.hpp"

#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/public_key.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <memory>

namespace landwaiter::detectors {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

std::string_view as_view(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::optional<std::string> print_name(const X509_NAME* name, unsigned long flags) {
  const Bio bio(BIO_new(BIO_s_mem()), &BIO_free);
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, flags) < 0) return std::nullopt;
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  if (size <= 0) return std::string();
  return std::string(data, static_cast<std::size_t>(size));
}

std::string ip_text(ByteView address) {
  std::string text;
  if (address.size() == 4) {
    for (const std::uint8_t byte : address) text += (text.empty() ? "" : ".") + std::to_string(byte);
    return text;
  }
  if (address.size() != 16) return "#" + hex_encode(address.first(std::min<std::size_t>(address.size(), 64)));
  for (std::size_t i = 0; i < 16; i += 2) {
    std::array<char, 8> group{};
    std::snprintf(group.data(), group.size(), "%x", static_cast<unsigned>(address[i] << 8 | address[i + 1]));
    text += (i == 0 ? "" : ":") + std::string(group.data());
  }
  return text;
}

std::string object_text(const ASN1_OBJECT* object) { return der::oid_text({OBJ_get0_data(object), OBJ_length(object)}); }

std::string general_name_text(const GENERAL_NAME* name) {
  int type = 0;
  const void* value = GENERAL_NAME_get0_value(name, &type);
  if (value == nullptr) return "unknown";
  switch (type) {
    case GEN_EMAIL: return "email:" + attribute_text(as_view(static_cast<const ASN1_STRING*>(value)));
    case GEN_DNS: return "DNS:" + attribute_text(as_view(static_cast<const ASN1_STRING*>(value)));
    case GEN_URI: return "URI:" + attribute_text(as_view(static_cast<const ASN1_STRING*>(value)));
    case GEN_IPADD: return "IP:" + ip_text(as_bytes(as_view(static_cast<const ASN1_STRING*>(value))));
    case GEN_DIRNAME: return "DirName:" + name_text(static_cast<const X509_NAME*>(value));
    case GEN_RID: return "RID:" + object_text(static_cast<const ASN1_OBJECT*>(value));
    case GEN_OTHERNAME: return "othername:" + object_text(static_cast<const OTHERNAME*>(value)->type_id);
    case GEN_X400: return "X400Name";
    case GEN_EDIPARTY: return "EdiPartyName";
    default: return "unknown";
  }
}

}  // namespace

std::string attribute_text(std::string_view raw) {
  std::string text = printable(raw.substr(0, limits::attribute_bytes_max));
  if (raw.size() > limits::attribute_bytes_max) text += "...";
  return text;
}

std::string title_text(std::string text) {
  constexpr std::size_t kTitleBytesMax = 160;
  if (text.size() <= kTitleBytesMax) return text;
  std::size_t cut = kTitleBytesMax;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
  return text.substr(0, cut) + "...";
}

std::string name_text(const X509_NAME* name) {
  if (name == nullptr) return {};
  // Not escaping bytes above 0x7f leaves UTF-8 as it is.
  constexpr unsigned long kReadable = XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
  constexpr unsigned long kHexadecimal = XN_FLAG_RFC2253 | ASN1_STRFLGS_DUMP_ALL;
  auto text = print_name(name, kReadable);
  if (!text) text = print_name(name, kHexadecimal);
  ERR_clear_error();
  return text ? attribute_text(*text) : std::string();
}

std::string common_name(const X509_NAME* name) {
  if (name == nullptr) return {};
  int found = -1;
  for (int next = -1; (next = X509_NAME_get_index_by_NID(name, NID_commonName, next)) >= 0;) found = next;
  if (found < 0) return {};
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, found)));
  ERR_clear_error();
  if (size < 0) return {};
  const std::string text = attribute_text({reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size)});
  OPENSSL_free(utf8);
  return text;
}

std::optional<std::string> time_text(const ASN1_TIME* time) {
  std::tm parts{};
  const bool valid = time != nullptr && ASN1_TIME_to_tm(time, &parts) == 1;
  ERR_clear_error();
  if (!valid) return std::nullopt;
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                parts.tm_hour, parts.tm_min, parts.tm_sec);
  return std::string(text.data());
}

std::string integer_text(const ASN1_INTEGER* integer) {
  if (integer == nullptr) return {};
  const ByteView magnitude = as_bytes(as_view(integer));
  const bool negative = ASN1_STRING_type(integer) == V_ASN1_NEG_INTEGER;
  std::string text = hex_encode(magnitude.first(std::min<std::size_t>(magnitude.size(), limits::attribute_bytes_max / 2)));
  return negative ? "-" + text : text;
}

std::vector<std::string> general_names_text(const GENERAL_NAMES* names) {
  std::vector<std::string> out;
  const int count = names == nullptr ? 0 : sk_GENERAL_NAME_num(names);
  for (int i = 0; i < count && out.size() < limits::subject_alternative_names_max; ++i) {
    out.push_back(general_name_text(sk_GENERAL_NAME_value(names, i)));
  }
  return out;
}

}  // namespace landwaiter::detectors
