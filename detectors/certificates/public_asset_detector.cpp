// SPDX-License-Identifier: Apache-2.0
#include "detectors/certificates/public_asset_detector.hpp"

#include "detectors/certificates/public_asset.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/formats/pem.hpp"
#include "detectors/keys/dh_parameters.hpp"

namespace landwaiter::detectors {
namespace {

std::optional<Finding> describe_block(const pem::Block& block) {
  constexpr std::string_view kPem = "PEM";
  const auto der = der::whole_element(block.body.view());
  if (!der) return std::nullopt;
  if (block.label.ends_with("CERTIFICATE REQUEST")) return describe_request(*der, kPem);
  if (block.label.ends_with("DH PARAMETERS")) return describe_dh_parameters(*der);
  if (block.label == "X509 CRL") return describe_revocation_list(*der, kPem);
  if (block.label == "RSA PUBLIC KEY") return describe_pkcs1_public_key(*der, kPem);
  return describe_public_key(*der, kPem);
}

}  // namespace

std::vector<Trigger> PublicAssetDetector::triggers() const {
  return {{0, "-----BEGIN (?:(?:NEW )?CERTIFICATE REQUEST|X509 CRL|(?:RSA )?PUBLIC KEY|(?:X9\\.42 )?DH PARAMETERS)-----", 40}};
}

void PublicAssetDetector::inspect(const Window& window, const Hit& hit, FindingSink& sink) const {
  const pem::Block block = pem::read_block(window.bytes, hit.end, window.ends_file);
  if (block.state == pem::State::bare) return;
  if (block.state == pem::State::beyond_window) {
    sink.diagnose(ErrorCode::limit_exceeded, "a PEM block labeled " + std::string(block.label) + " is too large to be read", block.begin);
    return;
  }
  auto finding = block.state == pem::State::decoded ? describe_block(block) : std::nullopt;
  if (!finding) {
    sink.diagnose(ErrorCode::malformed, "a PEM block labeled " + std::string(block.label) + " cannot be read", block.begin);
    return;
  }
  sink.add(*std::move(finding), block.begin);
  sink.consumed(block.end);
}

}  // namespace landwaiter::detectors
