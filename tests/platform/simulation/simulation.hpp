// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/platform/simulation/world.hpp"

#include <iosfwd>

namespace landwaiter::simulation {

/// Runs a story in a world of its own. The rule that it breaks, if any, with how.
std::optional<Violation> run(SimulatedDatabase& database, const Story& story, Account& account, const World::Tell& tell = {});

/// The story without the steps that the violation does not need, found within some hundred runs.
Story shortest(SimulatedDatabase& database, const Story& story, const std::string& rule);

/// Tells a failed story: its seed, the rule, and each of its steps that does something.
void explain(SimulatedDatabase& database, const Story& story, std::ostream& out);

}  // namespace landwaiter::simulation
