// SPDX-License-Identifier: Apache-2.0
// A policy of somebody's own: what is accepted has only rules that match something in particular; what is not is explained.
#include "core/base/bytes.hpp"
#include "daemon/settings/policy_file.hpp"

#include <cstdlib>

using namespace landwaiter;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto policy = daemon::parse_policy(as_text({data, size}), "policy.yml");
  if (!policy) {
    const bool explained = policy.error().code() == ErrorCode::configuration && policy.error().message().starts_with("policy.yml: ");
    if (!explained) std::abort();
    return 0;
  }
  for (const PolicyRule& rule : policy->rules) {
    if (rule.code.empty() || rule.reason.empty() || rule.match.empty()) std::abort();
    const Finding nothing;
    if (rule.match.met_by(nothing, SystemTime()) && rule.match.types.empty()) std::abort();
  }
  return 0;
}
