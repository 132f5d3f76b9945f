// SPDX-License-Identifier: Apache-2.0
// Java Object Serialization Specification, chapter 6, "Object Serialization Stream Protocol".
#include "detectors/keystores/java_serialization.hpp"

#include "detectors/keystores/keystore.hpp"

#include <algorithm>
#include <memory>
#include <optional>

namespace landwaiter::detectors {
namespace {

enum : std::uint8_t {
  kNull = 0x70,
  kReference = 0x71,
  kClassDescription = 0x72,
  kObject = 0x73,
  kString = 0x74,
  kArray = 0x75,
  kClass = 0x76,
  kBlockData = 0x77,
  kEndBlockData = 0x78,
  kLongBlockData = 0x7a,
  kLongString = 0x7c,
  kEnum = 0x7e,
};

constexpr std::uint32_t kStreamHeader = 0xaced0005;
constexpr std::uint32_t kFirstHandle = 0x7e0000;
constexpr std::size_t kObjectDepthMax = 16;
constexpr std::size_t kHandlesMax = 1000;
constexpr std::size_t kFieldsMax = 200;
constexpr std::size_t kStringsMax = 32;
constexpr std::uint8_t kWriteMethod = 0x01, kSerializable = 0x02;

struct ClassDescription {
  std::string name;
  std::uint8_t flags = 0;
  std::string field_types;  ///< one type code each
  std::shared_ptr<const ClassDescription> super;
};

using Class = std::shared_ptr<const ClassDescription>;

class Skipper {
 public:
  Skipper(ByteView bytes, JavaObject& out) : reader_(bytes), out_(out) {}

  bool run() {
    std::uint32_t header = 0;
    if (!reader_.u32_be(header) || header != kStreamHeader || !content(0)) return false;
    out_.size = reader_.offset();
    return true;
  }

 private:
  /// Handles are numbered in order of appearance; only classes are looked up again.
  std::optional<std::size_t> new_handle(Class description = nullptr) {
    if (handles_.size() >= kHandlesMax) return std::nullopt;
    handles_.push_back(std::move(description));
    return handles_.size() - 1;
  }

  bool utf(std::string& out) {
    std::uint16_t size = 0;
    ByteView text;
    if (!reader_.u16_be(size) || !reader_.view(size, text)) return false;
    out = java_text(text);
    return true;
  }

  bool content(std::size_t depth) {
    std::uint8_t tag = 0;
    if (depth > kObjectDepthMax || !reader_.u8(tag)) return false;
    return content_of(tag, depth);
  }

  bool content_of(std::uint8_t tag, std::size_t depth) {
    switch (tag) {
      case kNull: return true;
      case kReference: return reader_.skip(4);
      case kObject: return object(depth);
      case kString: return string();
      case kLongString: return long_string();
      case kArray: return array(depth);
      case kEnum: return enumeration(depth);
      case kClass: return class_only(depth);
      case kBlockData: return block(false);
      case kLongBlockData: return block(true);
      default: return false;
    }
  }

  bool class_description(Class& out, std::size_t depth) {
    std::uint8_t tag = 0;
    if (depth > kObjectDepthMax || !reader_.u8(tag)) return false;
    if (tag == kNull) return true;
    if (tag == kReference) {
      std::uint32_t handle = 0;
      if (!reader_.u32_be(handle) || handle < kFirstHandle || handle - kFirstHandle >= handles_.size()) return false;
      out = handles_[handle - kFirstHandle];
      return out != nullptr;
    }
    return tag == kClassDescription && new_class(out, depth);
  }

  bool new_class(Class& out, std::size_t depth) {
    auto made = std::make_shared<ClassDescription>();
    std::uint16_t fields = 0;
    if (!utf(made->name) || !reader_.skip(8)) return false;  // serialVersionUID
    const auto handle = new_handle();
    if (!handle || !reader_.u8(made->flags) || !reader_.u16_be(fields) || fields > kFieldsMax) return false;
    for (std::size_t i = 0; i < fields; ++i) {
      std::uint8_t type = 0;
      std::string name;
      if (!reader_.u8(type) || !utf(name)) return false;
      made->field_types += static_cast<char>(type);
      const bool names_its_class = type == '[' || type == 'L';
      if (names_its_class && !content(depth + 1)) return false;
    }
    if (!annotation(depth) || !class_description(made->super, depth + 1)) return false;
    handles_[*handle] = made;
    out = std::move(made);
    return true;
  }

  /// Custom data of a class, up to its end mark.
  bool annotation(std::size_t depth) {
    while (true) {
      std::uint8_t tag = 0;
      if (!reader_.u8(tag)) return false;
      if (tag == kEndBlockData) return true;
      if (!content_of(tag, depth + 1)) return false;
    }
  }

  bool object(std::size_t depth) {
    Class description;
    if (!class_description(description, depth + 1) || !description || !new_handle()) return false;
    if (out_.class_name.empty()) out_.class_name = description->name;
    std::vector<const ClassDescription*> lineage;
    for (const ClassDescription* at = description.get(); at != nullptr; at = at->super.get()) {
      if (lineage.size() > kObjectDepthMax) return false;
      lineage.push_back(at);
    }
    std::ranges::reverse(lineage);
    return std::ranges::all_of(lineage, [&](const ClassDescription* at) { return class_data(*at, depth); });
  }

  bool class_data(const ClassDescription& description, std::size_t depth) {
    // An Externalizable without block data cannot be skipped without its class.
    if ((description.flags & kSerializable) == 0) return false;
    for (const char type : description.field_types) {
      if (!value(type, depth)) return false;
    }
    return (description.flags & kWriteMethod) == 0 || annotation(depth);
  }

  bool value(char type, std::size_t depth) {
    switch (type) {
      case 'B':
      case 'Z': return reader_.skip(1);
      case 'C':
      case 'S': return reader_.skip(2);
      case 'F':
      case 'I': return reader_.skip(4);
      case 'D':
      case 'J': return reader_.skip(8);
      case 'L':
      case '[': return content(depth + 1);
      default: return false;
    }
  }

  bool array(std::size_t depth) {
    Class description;
    std::uint32_t count = 0;
    if (!class_description(description, depth + 1) || !description || !new_handle() || !reader_.u32_be(count)) return false;
    if (description->name.size() < 2 || count > reader_.remaining()) return false;
    const char type = description->name[1];
    if (type == 'B') return byte_array(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      if (!value(type, depth)) return false;
    }
    return true;
  }

  bool byte_array(std::uint32_t count) {
    ByteView bytes;
    if (!reader_.view(count, bytes)) return false;
    if (out_.byte_arrays.size() < kStringsMax) out_.byte_arrays.push_back(bytes);
    return true;
  }

  bool string() {
    std::string text;
    if (!new_handle() || !utf(text)) return false;
    if (out_.strings.size() < kStringsMax) out_.strings.push_back(std::move(text));
    return true;
  }

  bool long_string() {
    std::uint64_t size = 0;
    return new_handle() && reader_.u64_be(size) && size <= reader_.remaining() && reader_.skip(static_cast<std::size_t>(size));
  }

  bool enumeration(std::size_t depth) {
    Class description;
    return class_description(description, depth + 1) && new_handle() && content(depth + 1);
  }

  bool class_only(std::size_t depth) {
    Class description;
    return class_description(description, depth + 1) && new_handle();
  }

  bool block(bool is_long) {
    if (is_long) {
      std::uint32_t size = 0;
      return reader_.u32_be(size) && reader_.skip(size);
    }
    std::uint8_t size = 0;
    return reader_.u8(size) && reader_.skip(size);
  }

  ByteReader reader_;
  JavaObject& out_;
  std::vector<Class> handles_;
};

}  // namespace

bool skip_java_object(ByteView bytes, JavaObject& out) { return Skipper(bytes, out).run(); }

}  // namespace landwaiter::detectors
