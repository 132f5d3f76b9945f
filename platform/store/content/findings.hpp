// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/assess/assess.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/store/schema.hpp"

#include <optional>

namespace landwaiter::platform {

/// Which findings; empty members match all. Only findings in what images show now count.
struct FindingQuery {
  std::string type;
  std::optional<Severity> severity;
  std::string q;           ///< anywhere in title, id or attributes
  std::string image;       ///< an image's digest
  std::string registry;    ///< a registry's id: what an image of it held
  std::string page_token;  ///< "<severity>:<id>" of the last one seen
  std::size_t page_size = 100;
};

/// Worst first, by the severity from detectors and weaknesses, the worst of all that images show; `issues` are those of the weaknesses.
/// Images and occurrences are counted up to a bound (`counts_at_least`). A search by `q` or `registry` reads only so many findings for one
/// page: a page may have fewer than were asked for, or none, and still a token for the next. Error: invalid_argument for a malformed page
/// token.
Result<nlohmann::json> list_findings(Transaction& transaction, const FindingQuery& query);

/// One finding, of those with this id the worst if no type is given, with its occurrences in up to `page_size` images, each composed to
/// find what deletes them, and assessed: severity and issues are the worst of these images. not_found.
Result<nlohmann::json> finding_json(Transaction& transaction, BlobStore* blobs, std::string_view key, std::string_view type,
                                    std::int64_t after_image, std::size_t page_size, const AssessContext& context);

}  // namespace landwaiter::platform
