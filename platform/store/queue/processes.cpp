// SPDX-License-Identifier: Apache-2.0
#include "platform/store/queue/processes.hpp"

namespace landwaiter::platform {
namespace {

using namespace std::chrono_literals;

/// It is written no more often than this.
constexpr std::chrono::seconds kNotedEvery = 2s;
constexpr std::chrono::hours kRemembered{24};

}  // namespace

void start_process(Transaction& transaction, const Process& process, const LeaseTerms& terms) {
  const std::int64_t now = to_unix_us(terms.now);
  const std::int64_t seen = transaction.number("SELECT max(seen_at_us) FROM platform_process");
  const std::int64_t silence = now - seen;
  if (seen > 0 && silence > std::chrono::microseconds(terms.length).count() / 2) {
    // Of those that start at once, the first notes it; the others wait here until the leases are lengthened.
    const bool first =
        transaction.run("INSERT INTO outage(since_us,until_us) VALUES(?,?) ON CONFLICT(since_us) DO NOTHING", {seen, now}) == 1;
    if (first) transaction.run("UPDATE lease SET until_us=until_us+?", {silence});
  }
  transaction.run("DELETE FROM platform_process WHERE seen_at_us<?", {to_unix_us(terms.now - kRemembered)});
  transaction.run("INSERT INTO platform_process(id,version,started_at_us,seen_at_us) VALUES(?,?,?,?)",
                  {process.id, process.version, now, now});
}

void note_process(Transaction& transaction, const Process& process, SystemTime now) {
  transaction.run("UPDATE platform_process SET seen_at_us=?1 WHERE id=?2 AND seen_at_us<=?3",
                  {to_unix_us(now), process.id, to_unix_us(now - kNotedEvery)});
}

}  // namespace landwaiter::platform
