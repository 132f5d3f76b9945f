// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"
#include "core/base/digest.hpp"
#include "registry/sources/tar_file.hpp"

#include <string>

namespace landwaiter::registry {

/// The digest under which a layer of a docker archive is read: that of its bytes. A plain tar's is its `diff_id`, which is proven when it
/// is read. One that is compressed (gzip, zstd, bzip2: kaniko, jib, crane and others write such) is expanded here once, to prove that it
/// has the `diff_id`. Errors: digest_mismatch, unsupported, malformed, limit_exceeded.
Awaitable<Digest> prove_layer(std::unique_ptr<MemberReader> layer, Digest diff_id);

}  // namespace landwaiter::registry
