// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace landwaiter::platform {

/// platform/api/openapi.json as of the build: the authority on paths, headers and status codes.
std::string openapi_document();

}  // namespace landwaiter::platform
