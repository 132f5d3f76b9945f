// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <string>
#include <string_view>

namespace landwaiter::registry {

/// A parsed absolute http or https URL, without fragment. User information is rejected: it would be a credential in a text that is
/// logged. Value type.
struct HttpUrl {
  bool tls = true;
  std::string host;    ///< lower-case; an IPv6 address without brackets
  std::string port;    ///< always set, decimal
  std::string target;  ///< path and query as sent; begins with '/'

  /// The text may come from a registry. Error: malformed. Characters that RFC 3986 forbids but servers send (space, '|') are
  /// percent-encoded; control characters are rejected.
  static Result<HttpUrl> parse(std::string_view text);
  /// A relative or absolute reference seen in an answer to this URL (RFC 3986 section 5). Error: malformed.
  Result<HttpUrl> resolve(std::string_view reference) const;
  /// This host's URL with a target of our own, which begins with '/'. Not a reference: "//name" is a path here. Error: malformed.
  Result<HttpUrl> at(std::string_view target) const;

  std::string str() const;
  /// "https://host:port", the port only if it is not the scheme's default.
  std::string origin() const;
  /// For the Host header.
  std::string authority() const;
  /// For people: without the query, which may contain a signature or a token.
  std::string display() const;
  std::string path() const { return target.substr(0, target.find('?')); }
  bool same_origin(const HttpUrl& other) const { return tls == other.tls && host == other.host && port == other.port; }
};

/// `text` as one segment of a path or one value of a query: everything except RFC 3986's unreserved characters is percent-encoded.
std::string percent_encoded(std::string_view text);

}  // namespace landwaiter::registry
