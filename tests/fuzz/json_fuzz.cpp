// SPDX-License-Identifier: Apache-2.0
// Within the limits a document is read as nlohmann's own parser reads it, and refused if that refuses it.
#include "core/base/bytes.hpp"
#include "core/base/json_reader.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace landwaiter;
  const std::string_view text = as_text({data, size});
  JsonCost cost;
  const auto read = parse_json(text, "document", kJsonRequest, &cost);
  if (cost.steps > 2 * size + 1 || cost.nodes > kJsonRequest.nodes + 1) std::abort();
  if (!read && read.error().code() == ErrorCode::limit_exceeded) return 0;
  const auto expected = nlohmann::json::parse(text, nullptr, false);
  if (read ? expected.is_discarded() || *read != expected : !expected.is_discarded()) std::abort();
  return 0;
}
