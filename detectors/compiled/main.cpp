// SPDX-License-Identifier: Apache-2.0
// compile-triggers FILE: compiles the triggers of all detectors and writes them as C++, for compiled_triggers(). Part of the build.
#include "core/os/output_file.hpp"
#include "detectors/all.hpp"
#include "detectors/engine/engine.hpp"
#include "detectors/engine/prefilter.hpp"

#include <cstring>
#include <iostream>
#include <sstream>

namespace {

using namespace landwaiter;
using namespace landwaiter::detectors;

/// As words, which compile faster than bytes.
void write_words(std::ostream& out, ByteView bytes) {
  for (std::size_t begin = 0; begin < bytes.size(); begin += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + begin, std::min(sizeof word, bytes.size() - begin));
    out << "0x" << std::hex << word << (begin % 64 == 56 ? ",\n" : ",");
  }
}

void write_source(std::ostream& out, const Digest& patterns, ByteView database) {
  out << "// Written by compile-triggers.\n"
         "#include \"detectors/compiled/compiled_triggers.hpp\"\n\n"
         "namespace landwaiter::detectors {\n\n"
         "static const std::uint64_t words[] = {\n";
  write_words(out, database);
  out << "};\n\nPrefilter::Compiled compiled_triggers() {\n  return {\"" << patterns.str()
      << "\", {reinterpret_cast<const std::uint8_t*>(words), " << std::dec << database.size() << "}};\n}\n\n"
      << "}  // namespace landwaiter::detectors\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: compile-triggers FILE\n";
    return 2;
  }
  const auto patterns = patterns_of(make_all_detectors(DetectorContext{}));
  const auto prefilter = Prefilter::compile(patterns);
  if (!prefilter) {
    std::cerr << "compile-triggers: " << prefilter.error().message() << "\n";
    return 1;
  }
  std::ostringstream source;
  write_source(source, Prefilter::digest_of(patterns), prefilter->serialize());
  auto out = OutputFile::open(argv[1]);
  auto written = out ? out->write(source.str()) : out.error();
  if (written) written = out->finish();
  if (!written) {
    std::cerr << "compile-triggers: " << written.error().message() << "\n";
    return 1;
  }
  return 0;
}
