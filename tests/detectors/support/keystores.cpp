// SPDX-License-Identifier: Apache-2.0
#include "tests/detectors/support/keystores.hpp"

#include "core/base/digest.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

/// keytool's names of what entries are.
std::string kind_of(const std::string& keytool_kind) {
  if (keytool_kind == "PrivateKeyEntry") return "private-key";
  if (keytool_kind == "trustedCertEntry") return "certificate";
  return keytool_kind == "SecretKeyEntry" ? "secret-key" : keytool_kind;
}

std::string without_colons(std::string hexadecimal) {
  std::erase(hexadecimal, ':');
  return to_lower(trim(hexadecimal));
}

}  // namespace

std::string Keytool::run(const std::string& store, const std::string& type, const std::string& arguments,
                         const std::string& environment) const {
  const bool bouncy = type.starts_with("BKS") || type.starts_with("BC") || type == "UBER";
  const std::string provider =
      bouncy ? " -providerclass org.bouncycastle.jce.provider.BouncyCastleProvider -providerpath /usr/share/java/bcprov.jar" : "";
  return must_run(environment + " keytool -J-Duser.language=en " + arguments + " -noprompt -keystore " + folder_ / store + " -storetype " +
                  type + " -storepass " + password_ + " -J-Xmx128m -J-XX:TieredStopAtLevel=1 -J-Dorg.bouncycastle.bks.enable_v1=true" +
                  provider);
}

void Keytool::make(const std::string& store, const std::string& type, bool secret_key) const {
  const std::string days = " -validity 30 -keypass " + password_;
  run(store, type, "-genkeypair -alias \"site k\xc3\xa9y\" -keyalg RSA -keysize 2048 -dname CN=site.example" + days, "LC_ALL=C.UTF-8");
  run(store, type, "-genkeypair -alias second -keyalg EC -groupname secp256r1 -dname CN=second.example" + days);
  write_file(folder_ / "ca.pem", run(store, type, "-exportcert -rfc -alias second"));
  run(store, type, "-importcert -alias trusted -file " + folder_ / "ca.pem");
  if (secret_key) run(store, type, "-genseckey -alias session -keyalg AES -keysize 256 -keypass " + password_);
}

std::string Keytool::certificate_id(const std::string& store, const std::string& type, const std::string& alias) const {
  write_file(folder_ / "one.der", run(store, type, "-exportcert -alias \"" + alias + "\"", "LC_ALL=C.UTF-8"));
  return Digest::sha256_of(as_bytes(read_file(folder_ / "one.der"))).str();
}

std::vector<std::string> lines_of(const Finding& keystore) {
  std::vector<std::string> out;
  for (const json& entry : keystore.attributes["entries"]) {
    const json& certificates = entry["certificates"];
    const std::string digest = certificates.empty() ? "-" : certificates[0].get<std::string>();
    out.push_back(entry["alias"].get<std::string>() + ' ' + entry["kind"].get<std::string>() + ' ' + digest);
  }
  std::ranges::sort(out);
  return out;
}

/// "alias, Nov 22, 2026, PrivateKeyEntry, " and then "Certificate fingerprint (SHA-256): 0A:..." unless it is a secret key.
std::vector<std::string> listed_by_keytool(const Keytool& keytool, const std::string& store, const std::string& type) {
  std::istringstream lines(keytool.run(store, type, "-list", "LC_ALL=C.UTF-8"));
  std::vector<std::string> out;
  std::string line;
  while (std::getline(lines, line)) {
    const std::size_t print = line.find("fingerprint (SHA-256): ");
    if (print != std::string::npos) {
      require(!out.empty() && out.back().ends_with(" -"), "a fingerprint without an entry");
      out.back().replace(out.back().size() - 1, 1, "sha256:" + without_colons(line.substr(print + 23)));
      continue;
    }
    const std::size_t kind = line.find("Entry,"), before = kind == std::string::npos ? kind : line.rfind(' ', kind);
    if (before == std::string::npos) continue;
    out.push_back(line.substr(0, line.find(", ")) + ' ' + kind_of(line.substr(before + 1, kind + 5 - before - 1)) + " -");
  }
  require(!out.empty(), "keytool lists nothing");
  std::ranges::sort(out);
  return out;
}

const FileScanner& keystore_scanner(bool try_passwords) {
  static const FileScanner with(true), without(false);
  return try_passwords ? with : without;
}

Finding only_keystore(const Scanned& scanned, const std::string& file) {
  const auto found = scanned.of(FindingType::keystore);
  require(found.size() == 1, std::to_string(found.size()) + " keystores instead of one");
  require(scanned.diagnostics.empty(), "a diagnostic: " + (scanned.diagnostics.empty() ? "" : scanned.diagnostics[0].message));
  require(found[0].id == Digest::sha256_of(as_bytes(file)).str(), "another id");
  require(found[0].attributes["size_bytes"] == file.size(), "another size");
  require(found[0].attributes["problem"].is_null(), "a problem");
  return found[0];
}

const json& entry_of(const Finding& keystore, const std::string& alias) {
  const json& entries = keystore.attributes["entries"];
  const auto found = std::ranges::find_if(entries, [&](const json& one) { return one["alias"] == alias; });
  require(found != entries.end(), "no entry " + alias);
  return *found;
}

bool has_weakness(const Finding& finding, const std::string& code) {
  const auto codes = finding.attributes["weaknesses"].get<std::vector<std::string>>();
  return std::ranges::find(codes, code) != codes.end();
}

std::string everything(const Scanned& scanned) {
  std::string out;
  for (const Finding& finding : scanned.findings) out += json(finding).dump() + '\n';
  for (const Diagnostic& diagnostic : scanned.diagnostics) out += diagnostic.message + '\n';
  return out;
}

std::string python(const std::string& script, const std::string& arguments) {
  return must_run("/usr/bin/python3 -c " + shell_quoted(script) + ' ' + arguments);
}

}  // namespace landwaiter::detectors
