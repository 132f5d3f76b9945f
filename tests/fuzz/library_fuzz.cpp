// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes are, what is said of libraries in them is fit for a report, and the same each time.
#include "detectors/formats/binary_format.hpp"
#include "detectors/libraries/crypto_library_detector.hpp"
#include "detectors/libraries/library_runtime.hpp"
#include "detectors/libraries/rust_crate_detector.hpp"
#include "tests/fuzz/inspect.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace landwaiter;
  using namespace landwaiter::detectors;
  const ByteView bytes(data, size);
  const CryptoLibraryDetector libraries;
  const RustCrateDetector crates;
  static const std::vector<Trigger> triggers = libraries.triggers();
  inspect_everywhere(libraries, bytes);
  inspect_everywhere(crates, bytes);
  // As a whole file of each kind of name, with its head shown, and at each place where a word could end.
  for (const std::string_view name : {"libcrypto++.so.8.7.0", "com/google/crypto/tink/Registry.class", "package.json"}) {
    const Window window{
        .bytes = bytes, .offset = 0, .ends_file = true, .head = bytes.first(std::min<std::size_t>(size, 4096)), .name = name};
    CheckingSink sink(window);
    for (std::size_t end = 1; end <= std::min<std::size_t>(size, 256); end += 3) {
      for (const Trigger& trigger : triggers) inspect_at(libraries, window, Hit{trigger.id, end}, sink);
      inspect_at(crates, window, Hit{0, end}, sink);
    }
  }
  // A dynamic section lies where additions cannot overflow.
  if (const auto dynamic = elf_dynamic(bytes); dynamic && dynamic->end() < dynamic->offset()) std::abort();
  std::size_t searched = 0;
  const Window window{.bytes = bytes, .offset = 0, .ends_file = true, .head = bytes};
  read_rust_crates(window, Hit{0, size}, searched);
  if (searched > size) std::abort();
  return 0;
}
