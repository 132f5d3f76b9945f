// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/finding.hpp"

#include <vector>

namespace landwaiter {

/// Links the certificates of one image: each gets `issued_by`, the id of its issuer among them (its own when it is self-signed) or null,
/// and `chain_complete`, whether the chain from there ends at a self-signed one. Issuers are matched by name and, where both certificates
/// have one, by key identifier (RFC 5280, 4.2.1.1); no signature is verified. Of several candidates, the one that expires last wins, then
/// the one with the smallest id.
void link_chains(std::vector<Finding>& findings);

}  // namespace landwaiter
