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
  SteadyTime use_until;   ///< already a little before it expires
  SteadyTime good_until;  ///< until then it still serves when no other can be had
  bool fresh = false;     ///< fetched by this call, not taken from the cache
};

/// Tokens by key, each until its time; at most limits::tokens_cached_max, of which the first to end makes room. Callers that want the
/// same key at once share one fetch; a failed fetch fails them all unless the old token is still good, an abandoned one is taken over
/// by the next. Used from the io thread.
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
  /// The token that is to be renewed but still good; not to be renewed again for a while.
  std::optional<Token> fall_back(const std::string& key);

  const Clock& clock_;
  std::map<std::string, Token> tokens_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace landwaiter::registry
