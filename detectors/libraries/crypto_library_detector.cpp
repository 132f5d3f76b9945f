// SPDX-License-Identifier: Apache-2.0
#include "detectors/libraries/crypto_library_detector.hpp"

#include "detectors/libraries/library_metadata.hpp"
#include "detectors/libraries/library_package.hpp"
#include "detectors/libraries/library_runtime.hpp"
#include "detectors/libraries/library_soname.hpp"
#include "detectors/libraries/library_strings.hpp"

namespace landwaiter::detectors {
namespace {

using ReadLibrary = std::optional<FoundLibrary> (*)(const Window&, const Hit&);

struct LibraryReader {
  std::string pattern;
  std::size_t max_length;
  ReadLibrary read;
};

const std::vector<LibraryReader>& readers() {
  static const std::vector<LibraryReader> all{
      {dpkg_pattern(), kPackagePatternLength, &read_dpkg},
      {apk_pattern(), kPackagePatternLength, &read_apk},
      {rpm_pattern(), kPackagePatternLength, &read_rpm},
      {std::string(kPythonPattern), 24, &read_python_metadata},
      {npm_pattern(), kNpmLength, &read_package_json},
      {std::string(kManifestPattern), kJavaLength, &read_manifest},
      {std::string(kPomPattern), kJavaLength, &read_pom_properties},
      {std::string(kConscryptPattern), kJavaLength, &read_conscrypt_properties},
      {std::string(kJavaReleasePattern), kJavaLength, &read_java_release},
      {std::string(kBouncyPattern), kJavaLength, &read_bouncy_class},
      {std::string(kTinkPattern), kJavaLength, &read_tink_class},
      {std::string(kImportPattern), kImportLength, &read_pe_import},
      {std::string(kFrameworkPattern), kFrameworkLength, &read_framework},
      {std::string(kVersionInfoPattern), kVersionInfoLength, &read_version_info},
  };
  return all;
}

/// Numbers of triggers: the rules of texts from 0, the readers from here, then those with their own form.
constexpr int kReaderTriggers = 100;
constexpr int kOpenSslCoreTrigger = 200;
constexpr int kSonameTrigger = 201;
constexpr int kGoTrigger = 202;

std::optional<FoundLibrary> read(const Window& window, const Hit& hit, FindingSink& sink) {
  if (hit.trigger == kOpenSslCoreTrigger) return read_openssl_core(window, hit, sink);
  if (hit.trigger == kSonameTrigger) return read_soname(window, hit, sink);
  if (hit.trigger >= kReaderTriggers) return readers()[static_cast<std::size_t>(hit.trigger - kReaderTriggers)].read(window, hit);
  return read_version_string(string_rules()[static_cast<std::size_t>(hit.trigger)], window, hit);
}

}  // namespace

std::vector<Trigger> CryptoLibraryDetector::triggers() const {
  std::vector<Trigger> out;
  for (const StringRule& rule : string_rules()) out.push_back({static_cast<int>(out.size()), std::string(rule.pattern), rule.max_length});
  int id = kReaderTriggers;
  for (const LibraryReader& reader : readers()) out.push_back({id++, reader.pattern, reader.max_length});
  out.push_back({kOpenSslCoreTrigger, std::string(kOpenSslCorePattern), kOpenSslCoreLength});
  out.push_back({kSonameTrigger, std::string(kSonamePattern), kSonameLength});
  out.push_back({kGoTrigger, std::string(kGoPattern), kGoLength});
  return out;
}

void CryptoLibraryDetector::inspect(const Window& window, const Hit& hit, FindingSink& sink) const {
  if (hit.trigger == kGoTrigger) {
    for (const FoundLibrary& found : read_go_buildinfo(window, hit)) sink.add(describe_library(found.library), found.offset);
    return;
  }
  if (const auto found = read(window, hit, sink)) {
    sink.add(describe_library(found->library), found->offset);
    sink.consumed(hit.end);
  }
}

}  // namespace landwaiter::detectors
