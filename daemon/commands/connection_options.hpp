// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/credentials.hpp"
#include "daemon/settings/config.hpp"
#include "registry/sources/containerd.hpp"

#include <string>

namespace landwaiter::daemon {

/// How a command reaches registries; command-line options take precedence over docker's config.json.
struct ConnectionOptions {
  Credentials credentials;
  bool plain_http = false;
  bool tls_verify = true;
  NetworkSettings network;
  std::string kind = "auto";  ///< a name of core/wire/registry_kinds.hpp
  std::string containerd_root = registry::kContainerdRoot;
};

}  // namespace landwaiter::daemon
