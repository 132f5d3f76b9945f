// SPDX-License-Identifier: Apache-2.0
// Whatever the text is, its settings are fit for a report; a comment in front changes none of them, and none names a
// password.
#include "core/base/text.hpp"
#include "detectors/formats/config_lines.hpp"
#include "detectors/settings/crypto_configuration_detector.hpp"
#include "detectors/settings/crypto_settings.hpp"
#include "tests/fuzz/inspect.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace landwaiter;
  using namespace landwaiter::detectors;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  inspect_everywhere(CryptoConfigurationDetector(), as_bytes(text));
  const auto settings = read_crypto_settings(text);
  const std::string commented = "# a comment\n" + std::string(text);
  const auto again = read_crypto_settings(commented);
  if (settings.size() != again.size()) std::abort();
  for (std::size_t i = 0; i < settings.size(); ++i) {
    if (describe_settings(settings[i]).id != describe_settings(again[i]).id) std::abort();
    if (again[i].offset != settings[i].offset + 12) std::abort();
    for (const auto& [name, values] : settings[i].directives) {
      if (to_lower(name).find("pass") != std::string::npos || values.empty()) std::abort();
    }
  }
  if (join_continuations(text).size() != size) std::abort();
  for (const ConfigLine& line : config_lines(text)) {
    if (line.offset >= size || line.key.empty()) std::abort();
  }
  return 0;
}
