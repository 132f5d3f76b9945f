// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/base/result.hpp"
#include "core/wire/protocol.hpp"
#include "platform/store/schema.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::platform {

struct NewScan {
  std::string name;
  bool of_references = true;  ///< otherwise a registry walk
  bool incremental = true;
  int priority = 0;  ///< higher runs earlier
  nlohmann::json labels = nlohmann::json::array();
  std::string callback_id;
  int auto_resolution_interval = 0;
};

std::string create_scan(Transaction& transaction, const NewScan& scan, SystemTime now);

/// How many jobs read one registry host at a time, unless its registry says otherwise. Registries serve hundreds of connections, and a job
/// has a few.
inline constexpr std::int64_t kLaneJobsMax = 200;

/// The lane of a registry's host.
std::int64_t lane_of_registry(Transaction& transaction, std::string_view registry_id);

/// A scan's list job in one registry; `work` without a cursor.
void create_list_job(Transaction& transaction, std::string_view scan_id, std::string_view registry_id, const protocol::ListWork& work,
                     SystemTime now);

/// A column that holds a JSON list of texts.
std::vector<std::string> stored_texts(const std::string& list);

/// Called when a registry walk has succeeded: adds a warning to the scan if the registry listed far fewer repositories than in its last
/// walk with the same filters, because some registries lose pages; and if its filter matches none.
void note_listing(Transaction& transaction, std::string_view job_id);

/// Ends a scan without open jobs, and deletes credentials that came with it. Failed if its listing failed, or images did and none was
/// read. Two last jobs that end at once do not see each other's end: the sweeper repeats this. False if jobs are open.
bool finish_scan_if_done(Transaction& transaction, std::string_view scan_id, SystemTime now);

/// From here on no call for its jobs is taken, and its counts are those at its end; jobs and items follow, by cancel_open_jobs()
/// (sweeper.hpp). not_found; conflict if it has ended otherwise.
Result<void> cancel_scan(Transaction& transaction, std::string_view scan_id, SystemTime now);

/// State, counts that add up (listed = the sum of the others), progress and the first errors; null if there is no such scan.
nlohmann::json scan_json(Transaction& transaction, std::string_view scan_id);
nlohmann::json list_scans(Transaction& transaction, std::string_view state, std::string_view page_token, std::size_t page_size);
nlohmann::json list_scan_items(Transaction& transaction, std::string_view scan_id, std::string_view state, std::int64_t after,
                               std::size_t page_size);

}  // namespace landwaiter::platform
