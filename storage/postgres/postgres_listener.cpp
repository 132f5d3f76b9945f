// SPDX-License-Identifier: Apache-2.0
#include "storage/postgres/postgres_listener.hpp"

#include "core/base/text.hpp"
#include "storage/postgres/connection.hpp"

#include <libpq-fe.h>

#include <utility>

namespace landwaiter::storage {
namespace {

struct FreeMemory {
  void operator()(void* memory) const { PQfreemem(memory); }
};

class Listener final : public PostgresListener {
 public:
  explicit Listener(ConnectionPtr connection) : connection_(std::move(connection)) {}

  int socket() const override { return PQsocket(connection_.get()); }

  Result<std::vector<std::string>> heard() override {
    if (PQconsumeInput(connection_.get()) != 1) return lost();
    std::vector<std::string> all;
    while (const std::unique_ptr<PGnotify, FreeMemory> one{PQnotifies(connection_.get())}) all.emplace_back(one->extra);
    return all;
  }

  Error lost() const { return {ErrorCode::unavailable, "listening to PostgreSQL: " + printable(trim(PQerrorMessage(connection_.get())))}; }

 private:
  ConnectionPtr connection_;
};

}  // namespace

Result<std::unique_ptr<PostgresListener>> listen_to_postgres(const PostgresOptions& options, std::string_view channel) {
  auto valid = check_postgres_address(options.address);
  if (!valid) return valid.error();
  auto connection = connect_to_postgres(options.address);
  if (!connection) return Error(ErrorCode::internal, "libpq has no memory");
  PGconn* const raw = connection.get();
  auto listener = std::make_unique<Listener>(std::move(connection));
  if (PQstatus(raw) != CONNECTION_OK) return listener->lost();
  PGresult* const result = PQexec(raw, ("LISTEN " + std::string(channel)).c_str());
  const bool listening = PQresultStatus(result) == PGRES_COMMAND_OK;
  PQclear(result);
  if (!listening) return listener->lost();
  return std::unique_ptr<PostgresListener>(std::move(listener));
}

}  // namespace landwaiter::storage
