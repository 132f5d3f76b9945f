// SPDX-License-Identifier: Apache-2.0
#include "tests/detectors/support/gnupg.hpp"

#include <sstream>

namespace landwaiter::detectors {
namespace {

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream in(line);
  for (std::string field; std::getline(in, field, ':');) fields.push_back(field);
  return fields;
}

}  // namespace

GnuPg::~GnuPg() { static_cast<void>(run("GNUPGHOME=" + shell_quoted(home()) + " gpgconf --kill all")); }

std::string GnuPg::gpg(const std::string& arguments) const {
  return must_run("GNUPGHOME=" + shell_quoted(home()) + " gpg --batch --yes --no-tty --pinentry-mode loopback " + arguments);
}

void GnuPg::generate(const std::string& parameters, const std::string& passphrase) const {
  const std::string protection = passphrase.empty() ? "%no-protection\n" : "Passphrase: " + passphrase + "\n";
  write_file(folder_ / "parameters", parameters + protection + "%commit\n");
  gpg("--gen-key " + shell_quoted(folder_ / "parameters"));
}

std::vector<GnuPgKey> GnuPg::keys(const std::string& user) const { return parse_colons(gpg("--with-colons --with-keygrip -k " + user)); }

std::vector<GnuPgKey> parse_colons(const std::string& listing) {
  std::vector<GnuPgKey> keys;
  std::istringstream in(listing);
  for (std::string line; std::getline(in, line);) {
    const auto fields = split(line);
    if (fields.size() < 7) continue;
    const std::string& kind = fields[0];
    if (kind == "pub" || kind == "sub") {
      keys.push_back({.subkey = kind == "sub",
                      .algorithm = fields[3],
                      .bits = fields[2],
                      .created = fields[5],
                      .expires = fields[6],
                      .fingerprint = {},
                      .keygrip = {}});
    } else if (fields.size() > 9 && !keys.empty()) {
      if (kind == "fpr") keys.back().fingerprint = fields[9];
      if (kind == "grp") keys.back().keygrip = fields[9];
    }
  }
  return keys;
}

}  // namespace landwaiter::detectors
