// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/coverage.hpp"
#include "core/wire/protocol.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/store/lease.hpp"

#include <nlohmann/json.hpp>

#include <span>
#include <vector>

namespace landwaiter::platform {

/// Stores a scanned image over its layers' reports and ends its job. Of analyses that the completion does not have, or has at an older
/// state, the image keeps what it had. What is returned are the layers whose facts or reports are not all here: when there are any, nothing
/// was changed and the sensor must upload them first.
std::vector<Digest> complete_image(Transaction& transaction, const LeasedJob& job, const protocol::ImageCompletion& completion,
                                   SystemTime now);

/// invalid_argument for what cannot be stored.
Result<void> check_image(const ImageFacts& facts);

/// The image's number. It was seen now: by a listing or a scan.
std::int64_t note_image(Transaction& transaction, const Digest& digest, SystemTime now);

/// With all that is known of it alone.
void delete_image(Transaction& transaction, std::int64_t id, SystemTime now);

/// What this image holds now is held by an image of the registry.
void note_registry(Transaction& transaction, const Digest& image, std::string_view registry_id);

/// Whether the image was scanned at all of these states, or at newer ones that sensors have, and its own documents at `documents_state`;
/// false if there are no states.
bool is_scanned(Transaction& transaction, const Digest& digest, std::span<const AnalysisState> states, const Digest& documents_state);

/// The image's report, composed from its layers': for each analysis the newest that was stored, with a word about those that are stale.
/// `blobs` as for stored_layer(). not_found; io when something stored is damaged.
Result<ImageReport> image_report(Transaction& transaction, BlobStore* blobs, const Digest& digest);

/// The digests of a scan's images that were scanned, in order, at most `count_max` and one more. not_found.
Result<std::vector<Digest>> images_of_scan(Transaction& transaction, std::string_view scan_id, std::size_t count_max);

struct ImageQuery {
  std::string q;                          ///< part of the reference, or a digest; empty for all
  std::optional<CoverageState> coverage;  ///< only these
  std::int64_t before = 0;                ///< where the page begins; 0 is the newest
  std::size_t page_size = 0;
};

/// Newest first. A search by `q` or `coverage` reads only so many images for one page: a page may have fewer than were asked for, or none,
/// and still a token for the next.
nlohmann::json list_images(Transaction& transaction, const ImageQuery& query);

}  // namespace landwaiter::platform
