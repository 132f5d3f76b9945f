// SPDX-License-Identifier: Apache-2.0
// Whatever the text is, what is said of keys and tokens in it is fit for a report; an object that is found around a name is within the
// text and holds what its bytes say; a token is found again where it was found.
#include "core/base/json_reader.hpp"
#include "detectors/formats/json_search.hpp"
#include "detectors/jose/jose_detector.hpp"
#include "detectors/jose/jwt.hpp"
#include "tests/fuzz/inspect.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace landwaiter;
  using namespace landwaiter::detectors;
  const ByteView bytes(data, size);
  const std::string_view text = as_text(bytes);
  const JoseDetector detector;
  inspect_everywhere(detector, bytes);
  for (const auto& [name, trigger] : {std::pair{"\"kty", 0}, std::pair{"\"protected", 2}, std::pair{"hbGci", 1}, std::pair{"iYWxnI", 1}}) {
    const std::size_t at = text.find(name);
    if (at == std::string_view::npos) continue;
    const Window window{bytes, 0, true};
    CheckingSink sink(window);
    inspect_at(detector, window, Hit{trigger, at + std::string_view(name).size()}, sink);
    if (text[at] != '"') continue;
    const auto found = enclosing_object(text, at, 0);
    if (!found) continue;
    if (found->begin >= at || found->end > size || found->end <= at) std::abort();
    if (parse_json(text.substr(found->begin, found->end - found->begin), "again", kJsonObject).value() != found->object) std::abort();
  }
  for (std::size_t at = 0; at < size; at += 16) {
    const auto compact = find_compact(text, at, true);
    if (!compact) continue;
    if (compact->begin > at || compact->end > size || compact->end <= at) std::abort();
    if (read_compact(compact->whole) && !find_compact(compact->whole, 0, true)) std::abort();
  }
  return 0;
}
