// SPDX-License-Identifier: Apache-2.0
#include "tests/support/test_authority.hpp"

#include "tests/support/process.hpp"

#include <cctype>

namespace landwaiter::test {
namespace {

void openssl(std::vector<std::string> arguments) {
  ProcessOptions options;
  options.argv = std::move(arguments);
  options.argv.insert(options.argv.begin(), "openssl");
  run_checked(std::move(options));
}

bool is_address(const std::string& name) {
  return name.find(':') != std::string::npos || std::isdigit(static_cast<unsigned char>(name.back())) != 0;
}

}  // namespace

TestAuthority::TestAuthority() {
  openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=Test authority",
           "-keyout", (folder_ / "ca.key").string(), "-out", ca_file()});
}

CertificateFiles TestAuthority::issue(const std::vector<std::string>& names) const { return make(names, {"-days", "2"}); }

CertificateFiles TestAuthority::issue_expired(const std::vector<std::string>& names) const {
  // openssl takes a negative number of days for a certificate that ended before it began.
  return make(names, {"-days", "-1"});
}

CertificateFiles TestAuthority::make(const std::vector<std::string>& names, const std::vector<std::string>& validity) const {
  const std::string base = (folder_ / ("issued-" + std::to_string(++issued_))).string();
  const CertificateFiles out{base + ".cert", base + ".key"};
  std::string alternatives;
  for (const std::string& name : names)
    alternatives += (alternatives.empty() ? "" : ",") + std::string(is_address(name) ? "IP:" : "DNS:") + name;
  write_file(base + ".ext", "subjectAltName=" + alternatives + "\n");
  openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + names.front(), "-keyout", out.key,
           "-out", base + ".csr"});
  std::vector<std::string> sign{
      "x509",     "-req",        "-in",  base + ".csr",  "-CA", ca_file(), "-CAkey", (folder_ / "ca.key").string(), "-CAcreateserial",
      "-extfile", base + ".ext", "-out", out.certificate};
  sign.insert(sign.end(), validity.begin(), validity.end());
  openssl(std::move(sign));
  return out;
}

}  // namespace landwaiter::test
