// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <string>
#include <vector>

namespace landwaiter::detectors {

/// What was seen while passing over a serialised Java object.
struct JavaObject {
  std::size_t size = 0;               ///< bytes of the stream, header included
  std::string class_name;             ///< of the outermost object
  std::vector<std::string> strings;   ///< values of its fields and those of objects inside, in order; at most 32
  std::vector<ByteView> byte_arrays;  ///< the same of its arrays of bytes
};

/// Passes over the one object at the front of a stream of the Java Object Serialization Specification (version 5, section 6.4.2), which
/// has no length of its own. Nothing is instantiated: classes are only as many field types to count by. Objects with data written
/// by methods of their class are passed over where it is block data. False when it is malformed, too deep or too long.
bool skip_java_object(ByteView bytes, JavaObject& out);

}  // namespace landwaiter::detectors
