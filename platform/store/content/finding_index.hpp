// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/report/finding.hpp"
#include "platform/store/schema.hpp"

#include <span>
#include <vector>

/// What lists of findings read: which report or image holds what, how bad it is, and whether an image shows it now.
namespace landwaiter::platform {

/// A layer's report at a state, by its numbers.
struct ReportKey {
  std::int64_t id = 0;
  std::int64_t layer_id = 0;
  std::int64_t state_id = 0;
};

/// invalid_argument for findings that cannot be indexed.
Result<void> check_findings(std::span<const Finding> findings);

/// Whether an image shows reports of this layer at this state.
bool is_shown(Transaction& transaction, std::int64_t layer_id, std::int64_t state_id);

/// In the place of what the report held before.
void index_layer_findings(Transaction& transaction, const ReportKey& report, std::span<const Finding> findings, SystemTime now);

/// What an image's own documents hold, in the place of what they held before.
void index_image_findings(Transaction& transaction, std::int64_t image_id, std::vector<Finding> findings, SystemTime now);

/// To be called when the first image shows the report, and when the last one no longer does.
void report_appeared(Transaction& transaction, std::int64_t report_id);
void report_vanished(Transaction& transaction, std::int64_t report_id, SystemTime now);

}  // namespace landwaiter::platform
