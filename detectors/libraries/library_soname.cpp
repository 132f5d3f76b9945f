// SPDX-License-Identifier: Apache-2.0
#include "detectors/libraries/library_soname.hpp"

#include "core/base/limits.hpp"
#include "core/base/work_meter.hpp"
#include "detectors/formats/binary_format.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

enum class VersionFrom {
  nowhere,
  data,       ///< a string with only the version, which starts with this
  file_name,  ///< the suffix of the soname in the file's name, if upstream numbers files by release
};

struct Soname {
  std::string_view stem;
  std::string_view library;
  std::string_view language;
  VersionFrom version = VersionFrom::nowhere;
  std::string_view begins = {};
};

constexpr std::array kSonames{
    Soname{"libnettle.so.", "nettle", "C"},
    Soname{"libhogweed.so.", "hogweed", "C"},
    Soname{"libsodium.so.", "libsodium", "C", VersionFrom::data, "1.0."},
    Soname{"libcrypto++.so.", "Crypto++", "C++", VersionFrom::file_name},
    Soname{"libcryptopp.so.", "Crypto++", "C++", VersionFrom::file_name},
    Soname{"liboqs.so.", "liboqs", "C", VersionFrom::data, "0."},
};

bool number_or_dot(char c) { return (c >= '0' && c <= '9') || c == '.'; }

/// A string between two zero bytes that is a version of three numbers.
std::optional<std::string> version_in(std::string_view data, std::string_view begins) {
  const std::string wanted = std::string(1, '\0') + std::string(begins);
  for (std::size_t at = data.find(wanted); at != std::string_view::npos; at = data.find(wanted, at + 1)) {
    const std::string_view rest = data.substr(at + 1, 16);
    const auto end = std::ranges::find_if_not(rest, number_or_dot);
    const std::string_view version = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
    if (end != rest.end() && *end == '\0' && std::ranges::count(version, '.') == 2 && version.back() != '.') return std::string(version);
  }
  return std::nullopt;
}

/// "libcrypto++.so.8.7.0" after "libcrypto++.so.8" is 8.7.0.
std::optional<std::string> version_in_name(std::string_view name, std::string_view stem, std::string_view soname) {
  name = name.substr(name.rfind('/') + 1);
  const std::string_view number = soname.substr(stem.size());
  const std::size_t at = name.find(".so.");
  if (at == std::string_view::npos || !name.starts_with("libcrypto")) return std::nullopt;
  const std::string_view version = name.substr(at + 4);
  if (!version.starts_with(number) || std::ranges::count(version, '.') != 2 || !std::ranges::all_of(version, number_or_dot))
    return std::nullopt;
  return std::string(version);
}

void find_version(const Soname& known, std::string_view soname, const Window& window, std::size_t begin, CryptoLibrary& library) {
  if (known.version == VersionFrom::data) {
    if (!charge_work(2 * (window.bytes.size() - begin))) return;
    library.version = version_in(as_text(window.bytes.subspan(begin)), known.begins);
    if (library.version) library.evidence.push_back({"version-string", *library.version});
  } else if (known.version == VersionFrom::file_name) {
    library.version = version_in_name(window.name, known.stem, soname);
    if (library.version) library.evidence.push_back({"file-name", std::string(known.stem) + *library.version});
  }
}

}  // namespace

std::optional<FoundLibrary> read_soname(const Window& window, const Hit& hit, FindingSink& sink) {
  if (hit.end == 0) return std::nullopt;
  const std::size_t from = hit.end - std::min(hit.end, kSonameLength);
  const std::string_view text = as_text(window.bytes).substr(from, hit.end - from - 1);
  const std::size_t lib = text.rfind("lib");
  if (lib == std::string_view::npos) return std::nullopt;
  const std::size_t begin = from + lib;
  const std::string_view soname = text.substr(lib);
  const auto known = std::ranges::find_if(kSonames, [&](const Soname& each) { return soname.starts_with(each.stem); });
  const auto dynamic = elf_dynamic(window.head);
  if (known == kSonames.end() || !dynamic || elf_is_program(window.head) || dynamic->offset() < window.offset + begin) return std::nullopt;
  const std::uint64_t size = dynamic->end() - (window.offset + begin);
  if (window.bytes.size() - begin < size) {
    sink.need(begin, size);
    return std::nullopt;
  }
  const ByteView section = window.bytes.subspan(dynamic->offset() - window.offset, dynamic->size());
  if (!charge_work(section.size())) return std::nullopt;
  if (elf_soname_offset(window.head, section) != window.offset + begin) return std::nullopt;
  FoundLibrary found;
  found.offset = begin;
  CryptoLibrary& library = found.library;
  library.name = known->library;
  library.language = known->language;
  library.linkage = "shared";
  library.evidence = {{"soname", std::string(soname)}};
  find_version(*known, soname, window, begin, library);
  return found;
}

}  // namespace landwaiter::detectors
