// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/enumerators/vendor.hpp"

namespace landwaiter::registry {

/// What both of Google's registries have in common: tags/list also holds `manifest`, with each digest's tags and upload time, and
/// `child`, the names below this one (cloud.google.com, "Managing images", and the client google of go-containerregistry).
class GoogleEnumerator : public VendorEnumerator {
 public:
  using VendorEnumerator::VendorEnumerator;
  bool knows_push_time() const override { return true; }

 protected:
  bool has_api() const override { return true; }
  Awaitable<TagPage> v2_tags(std::string repository, std::string cursor) override;
  void adapt(ListQuery& query) const override;
  /// The project of a service account's key; empty for any other login.
  std::string project() const;
};

}  // namespace landwaiter::registry
