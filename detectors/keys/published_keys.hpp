// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/finding.hpp"
#include "detectors/keys/public_key.hpp"

#include <string>
#include <string_view>

namespace landwaiter::detectors {

/// The self-test, benchmark, test suite or example that this private key belongs to, if it is one that well-known packages and
/// specifications publish; otherwise empty. Everyone has such a key: in that program it is not meant to protect anything, and elsewhere
/// it cannot. `opaque` stands for a key whose public half cannot be derived.
std::string publisher_of(const PublicKey& key, ByteView opaque);

/// Says so in a private key's finding, in whatever encoding it was found: attribute, severity and the end of the title. Nothing happens to
/// a key that nobody published.
void mark_published(const std::string& publisher, Finding& finding);

}  // namespace landwaiter::detectors
