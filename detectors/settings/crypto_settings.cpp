// SPDX-License-Identifier: Apache-2.0
#include "detectors/settings/crypto_settings.hpp"

#include "core/base/digest.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"
#include "core/report/assets/crypto_configuration.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/formats/config_lines.hpp"
#include "detectors/keys/x509_text.hpp"
#include "detectors/settings/setting_directives.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

/// Values per directive: a proxy for a thousand names repeats the same few.
constexpr std::size_t kValuesMax = 100;
constexpr std::size_t kProvidersMax = 100;
/// Comparing a line's key with a directive's name; parsing a value costs more for each of its bytes.
constexpr std::uint64_t kDirectiveUnits = 4, kValueUnitsPerByte = 50;
constexpr std::string_view kJavaProvider = "security.provider.";

/// The settings of each program that the file configures.
class SettingsCollector {
 public:
  CryptoSettings& of(std::string_view software, std::size_t offset) {
    for (CryptoSettings& each : all_) {
      if (each.software == software) return each;
    }
    CryptoSettings fresh;
    fresh.software = software;
    fresh.offset = offset;
    all_.push_back(std::move(fresh));
    return all_.back();
  }
  std::vector<CryptoSettings> take() { return std::move(all_); }

 private:
  std::vector<CryptoSettings> all_;
};

void keep(CryptoSettings& settings, std::string_view key, std::string_view value) {
  auto& values = settings.directives[std::string(key)];
  const std::string text = attribute_text(value);
  if (values.size() < kValuesMax && std::ranges::find(values, text) == values.end()) values.push_back(text);
}

std::string_view unquoted(std::string_view value) {
  value = trim(value);
  const bool quotes = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
  return quotes ? value.substr(1, value.size() - 2) : value;
}

bool is_true(std::string_view value) { return value == "1" || iequals(value, "true") || iequals(value, "yes") || iequals(value, "on"); }

/// Whether this is a list of names, and not a sentence that starts with the directive's name.
bool names_algorithms(const Directive& directive, std::string_view value) {
  if (!is_cipher_list(value)) return false;
  const bool prose_like = directive.syntax == Syntax::blank || directive.syntax == Syntax::any;
  if (!prose_like || directive.software == "GnuPG") return true;
  if (value.find_first_of(" \t") != std::string_view::npos) return false;
  if (directive.software != assets::CryptoConfiguration::kOpenSsh) return true;
  return value.find_first_of("-,0123456789") != std::string_view::npos && value.find_first_of(":/'[]=;") == std::string_view::npos;
}

/// Separates the list from the protocol that mod_ssl allows in front of it.
std::string_view without_protocol(std::string_view value) {
  const std::size_t blank = value.find(' ');
  if (blank == std::string_view::npos || (!protocol_from(value.substr(0, blank)) && value.substr(0, blank) != "SSL")) return value;
  return unquoted(value.substr(blank + 1));
}

/// Several bounds in one file: the widest applies.
bool read_bound(std::string_view value, bool minimum, ProtocolSettings& protocols) {
  auto bound = protocol_from(value);
  if (!bound && minimum && iequals(value, "None")) bound = Protocol::ssl3;  // OpenSSL: everything that the library supports
  if (!bound) return false;
  auto& limit = minimum ? protocols.minimum : protocols.maximum;
  if (!limit) limit = bound;
  limit = minimum ? std::min(*limit, *bound) : std::max(*limit, *bound);
  return true;
}

/// "ssl-min-ver TLSv1.2 no-sslv3 no-tls-tickets", "*:443 ssl crt /etc/x.pem ciphers A:B".
bool read_haproxy(const Directive& directive, std::string_view value, CryptoSettings& settings) {
  std::vector<std::string_view> words;
  for (std::string_view rest = value; !rest.empty() && words.size() < kValuesMax;) {
    const std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
    if (end > 0) words.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(rest.size(), end + 1));
  }
  if (directive.key == "bind") {
    const auto certificate = std::ranges::find(words, "crt");
    const bool file =
        certificate != words.end() && certificate + 1 != words.end() && (certificate + 1)->find_first_of("/.@") != std::string_view::npos;
    if (!file || std::ranges::find(words, "ssl") == words.end()) return false;
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const std::string_view next = i + 1 < words.size() ? words[i + 1] : std::string_view();
    if (word == "ssl-min-ver" || word == "ssl-max-ver") read_bound(next, word == "ssl-min-ver", settings.protocols);
    if (word.starts_with("no-")) {
      if (const auto off = protocol_from(word.substr(3))) settings.protocols.disabled.insert(*off);
    }
    if (word.starts_with("force-")) {
      if (const auto only = protocol_from(word.substr(6))) settings.protocols.enabled.insert(*only);
    }
    if (word == "ciphers" && i + 1 < words.size()) {
      if (settings.ciphers.empty()) settings.ciphers = attribute_text(words[i + 1]);
      add_cipher_weaknesses(words[i + 1], settings.weaknesses);
    }
  }
  return true;
}

/// False if the value is invalid for the directive.
bool apply(const Directive& directive, std::string_view value, CryptoSettings& settings) {
  switch (directive.meaning) {
    case Meaning::protocols: return add_protocols(value, settings.protocols);
    case Meaning::minimum: return read_bound(value, true, settings.protocols);
    case Meaning::maximum: return read_bound(value, false, settings.protocols);
    case Meaning::haproxy: return read_haproxy(directive, value, settings);
    case Meaning::ciphers:
    case Meaning::algorithms: {
      const std::string_view list = without_protocol(value);
      if (!names_algorithms(directive, list)) return false;
      if (directive.meaning == Meaning::ciphers && settings.ciphers.empty()) settings.ciphers = attribute_text(list);
      add_cipher_weaknesses(list, settings.weaknesses);
      return true;
    }
    case Meaning::java_tls: add_java_tls_weaknesses(value, settings.weaknesses); return true;
    case Meaning::weak_switch:
      if (is_true(value)) settings.weaknesses.insert("weak-algorithm");
      return is_true(value) || iequals(value, "false") || iequals(value, "no") || value == "0";
    case Meaning::password: settings.password_in_configuration = true; return true;
    default: return true;
  }
}

/// Applies the directive to a copy first: an invalid value leaves no trace of the program.
void take(const Directive& directive, std::string_view value, std::size_t offset, SettingsCollector& all) {
  if (value.empty() || !charge_work(limits::inspection_work + kValueUnitsPerByte * value.size())) return;
  CryptoSettings trial;
  trial.software = directive.software;
  if (!apply(directive, value, trial)) return;
  CryptoSettings& settings = all.of(directive.software, offset);
  apply(directive, value, settings);
  add_protocol_weaknesses(trial.protocols, trial.weaknesses);
  if (!trial.weaknesses.empty() && settings.weak_offsets.size() < kValuesMax) settings.weak_offsets.push_back(offset);
  if (directive.meaning != Meaning::password) keep(settings, directive.key, value);
}

bool fits(Syntax wanted, Separator separator, bool semicolon) {
  switch (wanted) {
    case Syntax::equals: return separator == Separator::equals;
    case Syntax::colon: return separator == Separator::colon;
    case Syntax::semicolon: return separator == Separator::blank && semicolon;
    case Syntax::blank: return separator == Separator::blank && !semicolon;
    case Syntax::any: return separator != Separator::colon && !semicolon;
  }
  return false;
}

void read_line(const ConfigLine& line, SettingsCollector& all) {
  if (!charge_work(kDirectiveUnits * setting_directives().size())) return;
  const bool semicolon = line.value.ends_with(';');
  const std::string_view value = unquoted(semicolon ? line.value.substr(0, line.value.size() - 1) : line.value);
  for (const Directive& directive : setting_directives()) {
    if (!iequals(directive.key, line.key) || !fits(directive.syntax, line.separator, semicolon)) continue;
    take(directive, value, line.offset, all);
    return;
  }
  if (line.key.starts_with(kJavaProvider) && line.separator == Separator::equals && is_cipher_list(value)) {
    const std::string_view number = line.key.substr(kJavaProvider.size());
    const bool digits = !number.empty() && std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; });
    auto& providers = all.of("Java", line.offset).providers;
    if (digits && providers.size() < kProvidersMax) providers.push_back(attribute_text(value));
  }
}

/// OpenSSL: `providers = S` names a section, whose entries name one section per provider (config(5)).
void read_openssl_providers(const std::vector<ConfigLine>& lines, SettingsCollector& all) {
  const auto list =
      std::ranges::find_if(lines, [](const ConfigLine& line) { return line.key == "providers" && line.separator == Separator::equals; });
  if (list == lines.end()) return;
  std::size_t read = 0;
  for (const ConfigLine& entry : lines) {
    if (!charge_work(kDirectiveUnits)) return;
    if (entry.section != list->value || entry.separator != Separator::equals || ++read > kProvidersMax) continue;
    if (!charge_work(kDirectiveUnits * lines.size())) return;
    const bool active = std::ranges::any_of(
        lines, [&](const ConfigLine& line) { return line.section == entry.value && line.key == "activate" && is_true(line.value); });
    if (active) all.of("OpenSSL", entry.offset).providers.push_back(attribute_text(entry.key));
  }
}

/// Fedora's crypto-policies: one word below a fixed comment.
void read_policy(std::string_view text, const std::vector<ConfigLine>& lines, SettingsCollector& all) {
  if (text.find("being the crypto policy to") == std::string_view::npos || lines.size() != 1 || lines[0].separator != Separator::none)
    return;
  CryptoSettings& settings = all.of("crypto-policies", lines[0].offset);
  keep(settings, "policy", lines[0].key);
  if (lines[0].key.starts_with("LEGACY")) settings.weaknesses.insert("weak-algorithm");
}

/// Tomcat's server.xml: attributes of Connector, SSLHostConfig and Certificate.
void read_tomcat(std::string_view text, SettingsCollector& all) {
  static constexpr std::array kAttributes{Directive{"protocols", "Tomcat", Syntax::any, Meaning::protocols},
                                          Directive{"sslEnabledProtocols", "Tomcat", Syntax::any, Meaning::protocols},
                                          Directive{"ciphers", "Tomcat", Syntax::equals, Meaning::ciphers},
                                          Directive{"certificateKeystoreFile", "Tomcat", Syntax::any, Meaning::path},
                                          Directive{"keystoreFile", "Tomcat", Syntax::any, Meaning::path},
                                          Directive{"certificateFile", "Tomcat", Syntax::any, Meaning::path},
                                          Directive{"certificateKeyFile", "Tomcat", Syntax::any, Meaning::path},
                                          Directive{"certificateKeystorePassword", "Tomcat", Syntax::any, Meaning::password},
                                          Directive{"certificateKeyPassword", "Tomcat", Syntax::any, Meaning::password},
                                          Directive{"keystorePass", "Tomcat", Syntax::any, Meaning::password},
                                          Directive{"truststorePass", "Tomcat", Syntax::any, Meaning::password},
                                          Directive{"truststorePassword", "Tomcat", Syntax::any, Meaning::password}};
  if (text.find("<SSLHostConfig") == std::string_view::npos && text.find("sslEnabledProtocols") == std::string_view::npos) return;
  for (const XmlAttribute& attribute : xml_attributes(text, {"Connector", "SSLHostConfig", "Certificate"})) {
    const auto known = std::ranges::find(kAttributes, attribute.name, &Directive::key);
    if (known != kAttributes.end()) take(*known, attribute.value, attribute.offset, all);
  }
}

/// Paths and passwords alone do not say how cryptography is used.
bool says_something(const CryptoSettings& settings) {
  if (!settings.providers.empty()) return true;
  const auto directives = setting_directives();
  return std::ranges::any_of(settings.directives, [&](const auto& each) {
    const auto known = std::ranges::find_if(directives, [&](const Directive& directive) { return directive.key == each.first; });
    return known == directives.end() || known->meaning != Meaning::path;
  });
}

assets::ProtocolBounds bounds_of(const ProtocolSettings& protocols) {
  assets::ProtocolBounds bounds;
  for (const Protocol each : protocols.enabled) bounds.enabled.emplace_back(to_string(each));
  for (const Protocol each : protocols.disabled) bounds.disabled.emplace_back(to_string(each));
  if (protocols.minimum) bounds.minimum = to_string(*protocols.minimum);
  if (protocols.maximum) bounds.maximum = to_string(*protocols.maximum);
  return bounds;
}

}  // namespace

std::vector<CryptoSettings> read_crypto_settings(std::string_view text) {
  SettingsCollector all;
  const std::string joined = join_continuations(text);
  const auto lines = config_lines(joined);
  for (const ConfigLine& line : lines) read_line(line, all);
  read_openssl_providers(lines, all);
  read_policy(joined, lines, all);
  read_tomcat(joined, all);
  auto settings = all.take();
  std::erase_if(settings, [](const CryptoSettings& each) { return !says_something(each); });
  for (CryptoSettings& each : settings) add_protocol_weaknesses(each.protocols, each.weaknesses);
  return settings;
}

Finding describe_settings(const CryptoSettings& settings) {
  Finding finding;
  finding.type = FindingType::crypto_configuration;
  json& attributes = finding.attributes;
  add_attributes(assets::CryptoConfiguration{settings.software, bounds_of(settings.protocols), settings.ciphers, settings.providers,
                                             settings.directives, settings.password_in_configuration},
                 attributes);
  finding.id = Digest::sha256_of(as_bytes("crypto-configuration " + attributes.dump())).str();
  attributes[attribute::weaknesses] = settings.weaknesses;
  finding.severity = settings.weaknesses.empty() ? Severity::info : Severity::medium;
  std::string weak;
  for (const std::string& code : settings.weaknesses) weak += (weak.empty() ? "" : ", ") + code;
  finding.title = "Cryptographic settings of " + settings.software + (weak.empty() ? "" : ": " + weak);
  return finding;
}

}  // namespace landwaiter::detectors
