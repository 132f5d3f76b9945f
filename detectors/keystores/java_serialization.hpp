// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <string>
#include <vector>

namespace landwaiter::detectors {

/// Facts collected while skipping a serialized Java object.
struct JavaObject {
  std::size_t size = 0;               ///< bytes of the stream, header included
  std::string class_name;             ///< of the outermost object
  std::vector<std::string> strings;   ///< values of its fields and those of objects inside, in order; at most 32
  std::vector<ByteView> byte_arrays;  ///< the same for its byte arrays
};

/// Skips the object at the front of a stream of the Java Object Serialization Specification (version 5, section 6.4.2), which has no
/// length field. Nothing is instantiated: classes only determine field sizes. Objects with custom data are skipped if it is block data.
/// False if it is malformed, too deep or too long.
bool skip_java_object(ByteView bytes, JavaObject& out);

}  // namespace landwaiter::detectors
