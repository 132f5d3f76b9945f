// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"
#include "core/base/clock.hpp"
#include "core/base/secret.hpp"

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::registry {

struct Token {
  Secret text;
  SteadyTime use_until;   ///< shortly before it expires
  SteadyTime good_until;  ///< until then it is still usable if no other is available
  bool fresh = false;     ///< fetched by this call, not taken from the cache
};

/// Tokens by key, each until it expires; at most limits::tokens_cached_max, and the first to expire is evicted. Concurrent callers of the
/// same key share one fetch; a failed fetch fails them all unless the old token is still valid, and an abandoned fetch is taken over by
/// the next caller. Used from the io thread.
class TokenCache : public std::enable_shared_from_this<TokenCache> {
 public:
  using Fetch = std::function<Awaitable<Token>()>;

  explicit TokenCache(const Clock& clock) : clock_(clock) {}
  Awaitable<Token> get(std::string key, Fetch fetch);
  void drop(const std::string& key) { tokens_.erase(key); }
  void append_to(std::vector<Secret>& secrets) const;
  std::size_t size() const { return tokens_.size(); }

 private:
  struct Flight {
    explicit Flight(boost::asio::any_io_executor executor) : wake(std::move(executor), boost::asio::steady_timer::time_point::max()) {}
    boost::asio::steady_timer wake;
    bool landed = false;
    std::optional<Error> error;
  };
  class Landing;

  void store(const std::string& key, const Token& token);
  /// The token that is due for renewal but still valid; it will not be renewed again for a while.
  std::optional<Token> fall_back(const std::string& key);

  const Clock& clock_;
  std::map<std::string, Token> tokens_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace landwaiter::registry
