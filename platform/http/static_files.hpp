// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/http/http.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::platform {

/// A file of the web page, as it is part of the program.
struct StaticFile {
  std::string path;  ///< "/", "/assets/index-4f2a9c1b.js"
  std::string content_type;
  SharedBytes plain;
  SharedBytes brotli;  ///< the same compressed; may be empty
  SharedBytes gzip;    ///< may be empty
  /// The name holds a hash of the content, so that callers may keep it forever. Others are asked about each time.
  bool hashed_name = false;
};

/// The files of the web page, from memory. Anybody may read them.
class StaticFiles {
 public:
  StaticFiles() = default;
  explicit StaticFiles(std::vector<StaticFile> files);

  /// The answer for a GET or HEAD; nothing when the path is none of a page. Paths of pages that only the script in the browser knows
  /// ("/scans/7") get "/". Without files, "/" says so, and where the API is.
  std::optional<Response> answer(const Request& request) const;
  bool empty() const { return files_.empty(); }

 private:
  struct Entry {
    StaticFile file;
    std::string tag;  ///< of the content, without quotes
  };
  const Entry* find(const Request& request) const;

  std::map<std::string, Entry, std::less<>> files_;
};

/// "gzip;q=0.5, br": how much the caller wants this coding, from 0 to 1; `identity` is 1 unless it is refused.
double coding_quality(std::string_view accept_encoding, std::string_view coding);
/// Whether an If-None-Match names this entity tag, given with its quotes.
bool names_tag(std::string_view if_none_match, std::string_view tag);

}  // namespace landwaiter::platform
