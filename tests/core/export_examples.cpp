// SPDX-License-Identifier: Apache-2.0
// Writes documents of every kind into a folder, for tests/cyclonedx to check against the official schemas, and for export_rules_test.py
// to check against the rules of those who read them.
#include "core/export/cyclonedx.hpp"
#include "core/export/format.hpp"
#include "core/export/sarif.hpp"
#include "tests/core/export/samples.hpp"

#include <fstream>
#include <iostream>

using namespace landwaiter;
using exports::CycloneDxVersion;

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: export_examples DIRECTORY\n";
    return 2;
  }
  const std::string folder = argv[1];
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder + "/" + name, std::ios::binary) << text;
  };
  auto images = test::export_samples();
  for (const char* size : {"many", "one", "none"}) {
    if (std::string(size) != "many") images.resize(std::string(size) == "one" ? 1 : 0);
    write(std::string(size) + ".1.6.cdx.json", exports::cyclonedx(images, CycloneDxVersion::v1_6, {"1.0", "2026-06-01T00:00:00Z"}));
    write(std::string(size) + ".1.7.cdx.json", exports::cyclonedx(images, CycloneDxVersion::v1_7, {"1.0", ""}));
    write(std::string(size) + ".sarif", exports::sarif(images, {"1.0", ""}));
    for (const exports::Format format : {exports::Format::gitlab, exports::Format::junit}) {
      const auto writer = exports::make_writer(format, CycloneDxVersion::v1_6, {"1.0", ""});
      std::string text;
      for (const ImageReport* image : exports::in_order(images)) text += writer->add(*image);
      text += writer->fail({"registry.example.com/gone:1", "it is <not> \"there\" & that's it"});
      write(std::string(size) + (format == exports::Format::gitlab ? ".gitlab.json" : ".junit.xml"), text + writer->finish());
    }
  }
}
