// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/assess/assess.hpp"

#include <string_view>
#include <unordered_map>
#include <vector>

namespace landwaiter {

/// The parts of assess(): each adds to `issues` what it knows of one finding.

/// The codes that detectors gave. A trust store's password is no secret worth the name.
void add_weakness_issues(const Finding& finding, std::vector<Issue>& issues);
/// Of a key that a program carries to test itself, and everybody knows, nothing is worse than low.
void soften_published(const Finding& finding, std::vector<Issue>& issues);
/// Certificates that have expired, will soon, or are not valid yet; tokens that are good; software whose time is over.
void add_time_issues(const Finding& finding, const AssessContext& context, std::vector<Issue>& issues);
void add_policy_issues(const Finding& finding, const AssessContext& context, std::vector<Issue>& issues);
/// The blocklist, published keys, shared primes.
void add_key_issues(const Finding& finding, const AssessContext& context, std::vector<Issue>& issues);

/// An image's layers and certificates by name. Holds pointers into the report, which must stay as it is meanwhile but for attributes.
class ImageView {
 public:
  explicit ImageView(const ImageReport& image);
  const Finding* certificate(const std::string& id) const;
  /// "layer 3 (4bf5122f3440)"; of a layer that comes twice, the upper.
  std::string layer_name(const Digest& layer) const;

 private:
  std::unordered_map<std::string, const Finding*> certificates_;
  std::unordered_map<std::string, std::size_t> layers_;
};

/// Keys beside their certificates, what was deleted and is still there, roots in trust stores.
void add_image_issues(const Finding& finding, const ImageView& image, const AssessContext& context, std::vector<Issue>& issues);

/// Why a finding has the severity that its detector gave it, when nothing else says so.
void add_exposure_issue(const Finding& finding, std::vector<Issue>& issues);

/// Whether the path is one where programs look for authorities to trust.
bool in_trust_store(const Occurrence& occurrence);

}  // namespace landwaiter
