# SPDX-License-Identifier: Apache-2.0
# `headers` compiles every header alone; included last, when all libraries are known.
get_property(checks GLOBAL PROPERTY LANDWAITER_HEADER_CHECKS)
add_custom_target(headers)
if(checks)
  add_dependencies(headers ${checks})
endif()
