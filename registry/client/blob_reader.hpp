// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/client/image_source.hpp"
#include "registry/client/request_loop.hpp"

namespace landwaiter::registry {

/// A blob over HTTP that resumes where it was interrupted (Range, RFC 9110 section 14). `request` is the GET without Range.
Awaitable<std::unique_ptr<BlobReader>> open_http_blob(std::shared_ptr<RequestLoop> loop, Request request, Descriptor descriptor);

/// Reads a small blob completely and verifies it. Errors: limit_exceeded beyond `bytes_max`, digest_mismatch.
Awaitable<std::string> read_proven(std::unique_ptr<BlobReader> reader, Descriptor descriptor, std::uint64_t bytes_max);

/// Whether `body` has the digest, by the digest's own algorithm.
Result<void> prove(std::string_view body, const Digest& expected);

}  // namespace landwaiter::registry
