// SPDX-License-Identifier: Apache-2.0
#include "storage/postgres/connection.hpp"

#include <libpq-fe.h>

#include <array>

namespace landwaiter::storage {

void CloseConnection::operator()(pg_conn* connection) const { PQfinish(connection); }

Result<void> check_postgres_address(const Secret& address) {
  const std::string& text = address.reveal();
  if (!text.starts_with("postgresql://") && !text.starts_with("postgres://")) {
    return Error(ErrorCode::configuration, "the database's address must be postgresql://[USER@]HOST[:PORT]/DATABASE");
  }
  char* said = nullptr;
  PQconninfoOption* const options = PQconninfoParse(text.c_str(), &said);
  PQconninfoFree(options);
  PQfreemem(said);  // it repeats what it cannot read, perhaps the password
  if (options != nullptr) return {};
  return Error(ErrorCode::configuration,
               "the database's address cannot be read: special characters of a user's name or password are written as %XX");
}

ConnectionPtr connect_to_postgres(const Secret& address) {
  // What stands before the address is only a default.
  const std::array<const char*, 5> keys{"connect_timeout", "fallback_application_name", "client_encoding", "dbname", nullptr};
  const std::array<const char*, 5> values{"10", "landwaiter-platform", "UTF8", address.reveal().c_str(), nullptr};
  constexpr int kNameIsAddress = 1;
  ConnectionPtr connection(PQconnectdbParams(keys.data(), values.data(), kNameIsAddress));
  if (!connection) return connection;
  // Its warnings, such as of a table that is there already, would go to standard error.
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  return connection;
}

}  // namespace landwaiter::storage
