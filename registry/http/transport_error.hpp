// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <boost/system/error_code.hpp>

#include <string>

namespace landwaiter::registry {

/// The error for a failed network step: "`doing` `peer`: ...".
Error wire_error(const boost::system::error_code& error, const std::string& doing, const std::string& peer);

}  // namespace landwaiter::registry
