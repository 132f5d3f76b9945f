// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/assess/assess.hpp"

#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace landwaiter {

/// An issue of assess() itself, with the remedy of its code.
Issue assess_issue(std::string_view code, Severity severity, std::string reason);

/// The parts of assess(): each adds the issues that it finds for one finding.

/// Issues for the detectors' weakness codes. A trust store's password protects nothing secret.
void add_weakness_issues(const Finding& finding, std::vector<Issue>& issues);
/// A published self-test key never rates above "low".
void soften_published(const Finding& finding, std::vector<Issue>& issues);
/// Certificates that have expired, expire soon or are not valid yet; tokens that are still valid; software past its end of life.
void add_time_issues(const Finding& finding, const AssessContext& context, std::vector<Issue>& issues);
void add_policy_issues(const Finding& finding, const AssessContext& context, std::vector<Issue>& issues);
/// The blocklist, published keys, shared primes.
void add_key_issues(const Finding& finding, const AssessContext& context, std::vector<Issue>& issues);

/// An image's layers, certificates and configured files by name. Holds pointers into the report; only its attributes may change meanwhile.
class ImageView {
 public:
  explicit ImageView(const ImageReport& image);
  const Finding* certificate(const std::string& id) const;
  /// Whether the file is where servers and people keep the keys that they use, or a configuration names it.
  bool in_use(const Occurrence& occurrence) const;
  /// Whether the certificate of this id has issued another one of the image.
  bool issues_others(const std::string& id) const { return issuers_.contains(id); }
  /// "layer 3 (4bf5122f3440)"; for a layer that appears twice, the upper one.
  std::string layer_name(const Digest& layer) const;

 private:
  std::unordered_map<std::string, const Finding*> certificates_;
  std::unordered_map<std::string, std::size_t> layers_;
  std::unordered_set<std::string> configured_;
  std::unordered_set<std::string> issuers_;
};

/// Keys together with their certificates, published keys that are in use, deleted secrets that are still in the image, unusual roots in
/// trust stores.
void add_image_issues(const Finding& finding, const ImageView& image, const AssessContext& context, std::vector<Issue>& issues);

/// Public keys that lie nowhere but in keyrings, with which a distribution proves its packages: whoever makes an image from it cannot renew
/// them, so that their issues are `info`, and say who can. True if the finding is one.
bool soften_keyring(const Finding& finding, std::vector<Issue>& issues);

/// Explains the severity that the detector assigned, if no other issue does.
void add_exposure_issue(const Finding& finding, std::vector<Issue>& issues);

/// Whether the path is one where programs look for authorities to trust.
bool in_trust_store(const Occurrence& occurrence);

}  // namespace landwaiter
