// SPDX-License-Identifier: Apache-2.0
#include "detectors/settings/cipher_policy.hpp"

#include "core/base/text.hpp"

#include <algorithm>
#include <vector>

namespace landwaiter::detectors {
namespace {

/// The longest lists seen have about 200 suites.
constexpr std::size_t kWordsMax = 1000;

std::vector<std::string_view> words_of(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> words;
  while (!text.empty() && words.size() < kWordsMax) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return words;
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// The weaknesses of one enabled name. `name` is in lower case with dashes for underscores.
struct Sign {
  std::string_view part;
  std::string_view code;
};
constexpr std::array kSigns{
    Sign{"null", "null-cipher"},
    Sign{"exp-", "export-cipher"},
    Sign{"export", "export-cipher"},
    Sign{"rc4", "rc4"},
    Sign{"arcfour", "rc4"},
    Sign{"3des", "3des"},
    Sign{"des3", "3des"},
    Sign{"des-cbc3", "3des"},
    Sign{"des-ede", "3des"},
    Sign{"adh", "anonymous-cipher"},
    Sign{"aecdh", "anonymous-cipher"},
    Sign{"-anon-", "anonymous-cipher"},
    Sign{"md5", "md5"},
    Sign{"hmac-sha1", "sha1"},
    Sign{"group1-sha1", "short-dh"},
    Sign{"group1-sha1", "sha1"},
    Sign{"group14-sha1", "sha1"},
    Sign{"exchange-sha1", "sha1"},
    Sign{"-cbc-", "cbc"},
    Sign{"blowfish", "weak-cipher"},
    Sign{"cast128", "weak-cipher"},
    Sign{"ssh-dss", "weak-algorithm"},
    Sign{"umac-64", "weak-mac"},
    Sign{"rc2", "weak-cipher"},
};

/// Single DES under any of its names, as opposed to triple DES.
bool is_des(std::string_view name) {
  if (has(name, "3des") || has(name, "des3") || has(name, "des-cbc3") || has(name, "des-ede")) return false;
  return name == "des" || name == "low" || has(name, "des-cbc") || name.starts_with("des-") || has(name, "-des-") || has(name, "des40");
}

void judge(std::string_view name, std::set<std::string>& out) {
  if (name == "anull") {
    out.insert("anonymous-cipher");
    return;
  }
  if (name == "sha1" || name == "ssh-rsa" || name.starts_with("ssh-rsa-cert")) out.insert("sha1");
  if (is_des(name)) out.insert("des");
  if (name.ends_with("-cbc") || has(name, "-cbc@")) out.insert("cbc");  // "-cbc-" is among the signs; "DES-CBC3" is triple DES
  for (const Sign& sign : kSigns) {
    if (has(name, sign.part)) out.insert(std::string(sign.code));
  }
}

std::string plain(std::string_view word) {
  std::string name = to_lower(word);
  std::ranges::replace(name, '_', '-');
  return name;
}

/// "+a,b" adds, "^a,b" puts first, "-a,b" removes: the sign applies to the whole list (sshd_config(5)).
bool takes_away(std::string_view list) { return list.starts_with('-') && has(list, ",") && !has(list, ":"); }

}  // namespace

std::string_view to_string(Protocol protocol) {
  constexpr std::array<std::string_view, 6> kNames{"SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
  return kNames[static_cast<std::size_t>(protocol)];
}

std::optional<Protocol> protocol_from(std::string_view word) {
  if (word.size() > 16) return std::nullopt;
  std::string name;
  for (const char c : to_lower(word)) {
    if (c != '.' && c != '_' && c != '-') name += c;
  }
  if (name.starts_with("version")) name.erase(0, 7);
  const bool tls = name.starts_with("tls");
  if (!tls && !name.starts_with("ssl")) return std::nullopt;
  name.erase(0, 3);
  if (name.starts_with('v')) name.erase(0, 1);
  if (!tls) return name == "2" ? std::optional(Protocol::ssl2) : name == "3" ? std::optional(Protocol::ssl3) : std::nullopt;
  if (name == "1" || name == "10") return Protocol::tls10;
  if (name == "11") return Protocol::tls11;
  if (name == "12") return Protocol::tls12;
  if (name == "13") return Protocol::tls13;
  return std::nullopt;
}

bool add_protocols(std::string_view list, ProtocolSettings& out) {
  ProtocolSettings read;
  bool all = false;
  const auto words = words_of(list, " \t,:+\"'[]");
  for (std::string_view word : words) {
    if (iequals(word, "all") || iequals(word, "any")) {
      all = true;
      continue;
    }
    if (word.starts_with(">=") || word.starts_with("<=")) {
      const auto bound = protocol_from(word.substr(2));
      if (!bound) return false;
      (word[0] == '>' ? read.minimum : read.maximum) = bound;
      continue;
    }
    const bool exclude = word.starts_with('-') || word.starts_with('!');
    const auto protocol = protocol_from(exclude ? word.substr(1) : word);
    if (!protocol) return false;
    (exclude ? read.disabled : read.enabled).insert(*protocol);
  }
  if (words.empty()) return false;
  if (all || (read.enabled.empty() && !read.disabled.empty() && !read.minimum)) {
    // In current libraries "all" starts with TLS 1.0; an exclusion alone also implies SSL.
    for (const Protocol each : kProtocols) {
      if (!all || each >= Protocol::tls10) read.enabled.insert(each);
    }
  }
  for (const Protocol each : read.disabled) read.enabled.erase(each);
  out.enabled.insert(read.enabled.begin(), read.enabled.end());
  out.disabled.insert(read.disabled.begin(), read.disabled.end());
  if (read.minimum && (!out.minimum || *read.minimum < *out.minimum)) out.minimum = read.minimum;
  if (read.maximum && (!out.maximum || *read.maximum > *out.maximum)) out.maximum = read.maximum;
  return true;
}

void add_protocol_weaknesses(const ProtocolSettings& protocols, std::set<std::string>& out) {
  constexpr std::array<std::string_view, 4> kCodes{"ssl-2", "ssl-3", "tls-1.0", "tls-1.1"};
  for (std::size_t i = 0; i < kCodes.size(); ++i) {
    const Protocol each = kProtocols[i];
    const bool in_range = protocols.minimum && *protocols.minimum <= each && (!protocols.maximum || each <= *protocols.maximum) &&
                          !protocols.disabled.contains(each);
    if (protocols.enabled.contains(each) || in_range) out.insert(std::string(kCodes[i]));
  }
}

void add_cipher_weaknesses(std::string_view list, std::set<std::string>& out) {
  list = trim(list);
  if (takes_away(list)) return;
  std::set<std::string> found, excluded;
  bool everything = false, no_anonymous = false;
  for (std::string_view word : words_of(list, " \t,:;\"'[]")) {
    const bool exclude = word.starts_with('!') || word.starts_with('-');
    while (!word.empty() && std::string_view("!-+^@").find(word[0]) != std::string_view::npos) word.remove_prefix(1);
    const std::string name = plain(word);
    if (!exclude) {
      everything |= name == "all" || name == "complementofdefault";
      judge(name, found);
      continue;
    }
    no_anonymous |= name == "anull" || name == "adh";
    // "!DES" excludes only single DES, "!DES-CBC3-SHA" one suite: only family names exclude a family.
    if (name == "enull" || name == "null" || name == "rc4" || name == "3des" || name == "des" || name == "md5" || name == "anull" ||
        name == "adh" || name == "low" || name == "exp" || name == "export") {
      judge(name == "exp" ? "export" : name, excluded);
    }
  }
  if (everything && !no_anonymous) found.insert("anonymous-cipher");
  for (const std::string& code : found) {
    if (!excluded.contains(code)) out.insert(code);
  }
}

void add_java_tls_weaknesses(std::string_view disabled, std::set<std::string>& out) {
  struct Expected {
    std::string_view name, code;
  };
  constexpr std::array kExpected{
      Expected{"SSLv3", "ssl-3"}, Expected{"TLSv1", "tls-1.0"},    Expected{"TLSv1.1", "tls-1.1"},       Expected{"RC4", "rc4"},
      Expected{"DES", "des"},     Expected{"NULL", "null-cipher"}, Expected{"anon", "anonymous-cipher"}, Expected{"3DES_EDE_CBC", "3des"}};
  const auto words = words_of(disabled, " \t,");
  for (const Expected& each : kExpected) {
    if (std::ranges::none_of(words, [&](std::string_view word) { return iequals(word, each.name); })) out.insert(std::string(each.code));
  }
}

bool is_cipher_list(std::string_view text) {
  text = trim(text);
  constexpr std::string_view kMarks = "-+_!^@:=,;.\"'[]/* \t";
  const bool characters = std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kMarks.find(c) != std::string_view::npos;
  });
  return !text.empty() && characters;
}

}  // namespace landwaiter::detectors
