// SPDX-License-Identifier: Apache-2.0
#include "platform/store/maintenance.hpp"

#include <string>

namespace landwaiter::platform {

bool hold_maintenance(Transaction& transaction, std::string_view name, std::string_view holder, SystemTime now, std::chrono::seconds time) {
  return transaction.run(
             "INSERT INTO maintenance(name,holder,until_us) VALUES(?1,?2,?3) ON CONFLICT(name) DO UPDATE SET holder=excluded.holder, "
             "until_us=excluded.until_us WHERE maintenance.holder=excluded.holder OR maintenance.until_us<?4",
             {name, holder, to_unix_us(now + time), to_unix_us(now)}) != 0;
}

void leave_maintenance(Transaction& transaction, std::string_view holder) {
  transaction.run("DELETE FROM maintenance WHERE holder=?", {holder});
}

void probe(Transaction& transaction, SystemTime now) {
  transaction.run("INSERT INTO meta(name,value) VALUES('probe',?) ON CONFLICT(name) DO UPDATE SET value=excluded.value",
                  {as_bytes(std::to_string(to_unix_us(now)))});
}

}  // namespace landwaiter::platform
