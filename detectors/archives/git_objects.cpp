// SPDX-License-Identifier: Apache-2.0
#include "detectors/archives/git_objects.hpp"

#include "core/base/work_meter.hpp"
#include "detectors/engine/file_results.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

namespace landwaiter::detectors {
namespace {

Error damaged_delta(const char* why) { return {ErrorCode::malformed, std::string("a difference to another object is damaged: ") + why}; }

/// Groups of seven bits, the lowest first, taken off the front.
std::optional<std::uint64_t> take_size_of_delta(ByteView& bytes) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; !bytes.empty() && shift < 63; shift += 7) {
    const std::uint8_t byte = bytes.front();
    bytes = bytes.subspan(1);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

/// The number whose bytes are there as the bits of `present` say, the lowest first.
std::optional<std::uint64_t> take_bytes_of_copy(ByteView& bytes, unsigned present) {
  std::uint64_t value = 0;
  for (unsigned i = 0; present >> i != 0; ++i) {
    if ((present >> i & 1U) == 0) continue;
    if (bytes.empty()) return std::nullopt;
    value |= std::uint64_t{bytes.front()} << 8 * i;
    bytes = bytes.subspan(1);
  }
  return value;
}

std::array<std::uint8_t, 20> name_of_object(const GitObject& object) {
  constexpr std::array kTypes{"", "commit", "tree", "blob", "tag"};
  const std::string head = std::string(kTypes.at(object.type)) + " " + std::to_string(object.bytes.size()) + '\0';
  Bytes all(head.begin(), head.end());
  all.insert(all.end(), object.bytes.begin(), object.bytes.end());
  std::array<std::uint8_t, 20> name{};
  EVP_Digest(all.data(), all.size(), name.data(), nullptr, EVP_sha1(), nullptr);
  return name;
}

}  // namespace

std::size_t DeltaInserts::filter(std::span<std::uint8_t> bytes) {
  std::size_t kept = 0;
  for (const std::uint8_t byte : bytes) {
    if (sizes_ > 0) {
      if ((byte & 0x80) == 0) --sizes_;
    } else if (skip_ > 0) {
      --skip_;
    } else if (insert_ > 0) {
      --insert_;
      bytes[kept++] = byte;
    } else if ((byte & 0x80) != 0) {
      skip_ = static_cast<unsigned>(std::popcount(static_cast<unsigned>(byte & 0x7f)));
    } else {
      insert_ = byte;
      odd_ = odd_ || byte == 0;
    }
  }
  return kept;
}

bool GitObject::reserve(std::uint64_t size) {
  if (!memory.borrow(size)) return false;
  bytes.reserve(static_cast<std::size_t>(size));
  return true;
}

Result<GitObject> apply_delta(const GitObject& base, ByteView delta) {
  constexpr std::uint64_t kInstructionUnits = 10;
  const auto from = take_size_of_delta(delta);
  const auto size = take_size_of_delta(delta);
  if (!from || !size || *from != base.bytes.size()) return damaged_delta("it is one to an object of another size");
  if (*size > GitObjects::kObjectBytesMax) return Error(ErrorCode::limit_exceeded, "its object is too large");
  GitObject out{.type = base.type};
  if (!out.reserve(*size)) return no_memory_for("not put together");
  while (!delta.empty()) {
    const std::uint8_t instruction = delta.front();
    delta = delta.subspan(1);
    ByteView piece = delta.first(std::min<std::size_t>(delta.size(), instruction));
    if ((instruction & 0x80) != 0) {
      const auto offset = take_bytes_of_copy(delta, instruction & 0xfU);
      const auto bytes = take_bytes_of_copy(delta, instruction >> 4U & 7U);
      if (!offset || !bytes) return damaged_delta("it ends within an instruction");
      constexpr std::uint64_t kLongest = 0x10000;
      const std::uint64_t wanted = *bytes == 0 ? kLongest : *bytes;
      if (*offset > base.bytes.size() || wanted > base.bytes.size() - *offset) return damaged_delta("it copies what is not there");
      piece = ByteView(base.bytes).subspan(static_cast<std::size_t>(*offset), static_cast<std::size_t>(wanted));
    } else {
      if (instruction == 0 || piece.size() < instruction) return damaged_delta("it ends within an instruction");
      delta = delta.subspan(instruction);
    }
    if (piece.size() > *size - out.bytes.size()) return damaged_delta("it makes more than it says");
    if (!charge_work(kInstructionUnits + piece.size())) return no_work_for("not put together");
    out.bytes.insert(out.bytes.end(), piece.begin(), piece.end());
  }
  if (out.bytes.size() != *size) return damaged_delta("it makes less than it says");
  return out;
}

void GitObjects::keep(std::uint64_t offset, GitObject object) {
  // What the maps need for it.
  constexpr std::uint64_t kEntryBytes = 400;
  if (!object.memory.borrow(kEntryBytes)) return;
  bytes_ += object.bytes.size() + kEntryBytes;
  kept_.insert_or_assign(offset, std::move(object));
  while (bytes_ > kKeptBytesMax) {
    const auto oldest = kept_.begin();
    bytes_ -= oldest->second.bytes.size() + kEntryBytes;
    if (oldest->first < unnamed_) names_.erase(name_of_object(oldest->second));
    kept_.erase(oldest);
  }
}

const GitObject* GitObjects::at(std::uint64_t offset) const {
  const auto found = kept_.find(offset);
  return found == kept_.end() ? nullptr : &found->second;
}

const GitObject* GitObjects::named(ByteView name) {
  constexpr std::uint64_t kHashUnits = 1'000, kUnitsPerByte = 3;
  for (auto next = kept_.lower_bound(unnamed_); next != kept_.end(); ++next) {
    if (!charge_work(kHashUnits + kUnitsPerByte * next->second.bytes.size())) return nullptr;
    names_[name_of_object(next->second)] = next->first;
    unnamed_ = next->first + 1;
  }
  Name wanted{};
  std::ranges::copy(name.first(std::min(name.size(), wanted.size())), wanted.begin());
  const auto found = names_.find(wanted);
  return found == names_.end() ? nullptr : at(found->second);
}

}  // namespace landwaiter::detectors
