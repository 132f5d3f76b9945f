// SPDX-License-Identifier: Apache-2.0
#include "registry/http/status_error.hpp"

#include "tests/support/catch.hpp"

using landwaiter::registry::message_of_body;

TEST_CASE("an error's reason is also found in the page of a proxy", "[status_error]") {
  CHECK(message_of_body("<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>") ==
        "400 No required SSL certificate was sent");
  CHECK(message_of_body("<HTML><TITLE> Access\nDenied </TITLE>") == "Access\nDenied");
  for (const char* none : {"", "no page", "<title>never closed", "</title>", "</title><title>", "<title></title>", "[]"})
    CHECK(message_of_body(none).empty());
}
