// SPDX-License-Identifier: Apache-2.0
#include "tests/detectors/support/material.hpp"

namespace landwaiter::detectors {

std::string Material::openssl(const std::string& arguments) const {
  return must_run("cd " + shell_quoted(folder_.path().string()) + " && openssl " + arguments);
}

void Material::key(const std::string& name, const std::string& genpkey_arguments) const {
  openssl("genpkey " + genpkey_arguments + " -out " + name + ".pem");
}

void Material::certificate(const std::string& name, const std::string& req_arguments) const {
  openssl("req -x509 -key " + name + ".pem -out " + name + ".crt " + req_arguments);
}

std::string Material::key_id(const std::string& name) const {
  // The rule for an RSA key's use, and a curve's numbers instead of its name, are not a part of the identity.
  const std::string text = openssl("pkey -in " + name + " -noout -text");
  std::string command = "pkey -in " + name + " -pubout -outform DER";
  if (text.find("PSS") != std::string::npos) command += " | tail -c 270 | openssl rsa -RSAPublicKey_in -inform DER -pubout -outform DER";
  if (text.find("Field Type") != std::string::npos) command = "ec -in " + name + " -param_enc named_curve -pubout -outform DER";
  const std::string digest = openssl(command + " | openssl dgst -sha256 -r");
  return "spki-sha256:" + digest.substr(0, 64);
}

}  // namespace landwaiter::detectors
