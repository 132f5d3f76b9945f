// SPDX-License-Identifier: Apache-2.0
#include "core/os/file_descriptor.hpp"

#include <unistd.h>

namespace landwaiter {

void FileDescriptor::close() {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

}  // namespace landwaiter
