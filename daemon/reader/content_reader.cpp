// SPDX-License-Identifier: Apache-2.0
#include "daemon/reader/content_reader.hpp"

#include "daemon/reader/isolated_reader.hpp"
#include "daemon/reader/local_reader.hpp"

namespace landwaiter::daemon {
namespace {

#ifdef LANDWAITER_ISOLATE_READERS
using BuiltReader = IsolatedReader;
#else
using BuiltReader = LocalReader;
#endif

}  // namespace

Result<std::shared_ptr<ContentReader>> make_content_reader(const ReaderSettings& settings) {
  auto reader = BuiltReader::create(settings);
  if (!reader) return reader.error();
  return std::shared_ptr<ContentReader>(*std::move(reader));
}

}  // namespace landwaiter::daemon
