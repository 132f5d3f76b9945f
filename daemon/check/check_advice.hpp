// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"
#include "registry/http/tls_facts.hpp"

#include <optional>
#include <string>

/// Advice for a registry that cannot be read: one sentence per way in which a step of RegistryCheck fails. Pure.
namespace landwaiter::daemon {

std::string describe_certificate(const registry::TlsFacts& facts);

std::string advice_for_address(const Error& error);
/// `facts` if the untrusted certificate could be inspected.
std::string advice_for_tls(const Error& error, const std::optional<registry::TlsFacts>& facts, SystemTime now, const std::string& host);
/// For a valid certificate: empty unless it expires soon.
std::string advice_for_expiry(const registry::TlsFacts& facts, SystemTime now);
/// `status` 0: the answer was not HTTP.
std::string advice_for_api(int status, bool tls);
std::string advice_for_login(const Error& error, bool anonymous);
std::string advice_for_catalog(const Error& error);
std::string advice_for_pull(const Error& error, const std::string& repository);
std::string advice_for_blob(const Error& error, const std::string& repository);

}  // namespace landwaiter::daemon
