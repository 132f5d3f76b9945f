// SPDX-License-Identifier: Apache-2.0
#include "core/report/memory.hpp"

namespace landwaiter {
namespace {

using nlohmann::json;

/// What an allocator adds to each block.
constexpr std::uint64_t kBlock = 16;
/// A node of a map or set, without its value.
constexpr std::uint64_t kNode = 32 + kBlock;
/// A list that grows holds up to a quarter more than it needs, and its old place while it moves.
constexpr std::uint64_t growing(std::uint64_t bytes) { return bytes * 9 / 4; }

}  // namespace

std::uint64_t memory_of(const std::string& text) {
  constexpr std::size_t kInside = 15;
  return text.size() > kInside ? text.size() + 1 + kBlock : 0;
}

std::uint64_t memory_of(const json& value) {
  std::uint64_t bytes = 0;
  if (const auto* text = value.get_ptr<const json::string_t*>()) return sizeof *text + kBlock + memory_of(*text);
  if (const auto* object = value.get_ptr<const json::object_t*>()) {
    bytes = sizeof *object + kBlock;
    for (const auto& [name, member] : *object) bytes += kNode + sizeof name + sizeof member + memory_of(name) + memory_of(member);
  } else if (const auto* list = value.get_ptr<const json::array_t*>()) {
    bytes = sizeof *list + 2 * kBlock + growing(list->size() * sizeof(json));
    for (const json& item : *list) bytes += memory_of(item);
  }
  return bytes;
}

std::uint64_t memory_of(const Occurrence& occurrence) {
  std::uint64_t bytes = growing(sizeof occurrence) + memory_of(occurrence.path);
  for (const std::string& name : occurrence.archive) bytes += growing(sizeof name) + memory_of(name);
  return bytes + memory_of(occurrence.layer.str());
}

std::uint64_t memory_of_facts(const Finding& finding) {
  // A large one is copied when it is written.
  constexpr std::uint64_t kLarge = 256 * 1024;
  const std::uint64_t attributes = memory_of(finding.attributes);
  // In a list, sorted and joined at the end, and known by its id.
  return growing(sizeof finding) + sizeof finding + kNode + sizeof(std::string) + 2 * memory_of(finding.id) + memory_of(finding.title) +
         memory_of(finding.detector) + attributes + (attributes > kLarge ? attributes : 0);
}

std::uint64_t memory_of(const Finding& finding) {
  std::uint64_t bytes = memory_of_facts(finding);
  for (const Occurrence& occurrence : finding.occurrences) bytes += memory_of(occurrence);
  return bytes;
}

std::uint64_t memory_of(const Package& package) {
  std::uint64_t bytes = growing(sizeof package) + sizeof package + kNode;
  for (const std::string* text : {&package.ecosystem, &package.name, &package.version, &package.source, &package.source_version,
                                  &package.architecture, &package.purl, &package.reader}) {
    bytes += memory_of(*text);
  }
  for (const std::string& license : package.licenses) bytes += growing(sizeof license) + memory_of(license);
  for (const Occurrence& occurrence : package.occurrences) bytes += memory_of(occurrence);
  return bytes;
}

}  // namespace landwaiter
