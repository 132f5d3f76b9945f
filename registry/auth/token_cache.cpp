// SPDX-License-Identifier: Apache-2.0
#include "registry/auth/token_cache.hpp"

#include "core/base/limits.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace landwaiter::registry {

namespace asio = boost::asio;

/// Ends a fetch however its coroutine ends, so nobody waits forever.
class TokenCache::Landing {
 public:
  Landing(std::shared_ptr<TokenCache> cache, std::string key, std::shared_ptr<Flight> flight)
      : cache_(std::move(cache)), key_(std::move(key)), flight_(std::move(flight)) {}
  Landing(const Landing&) = delete;
  Landing& operator=(const Landing&) = delete;
  ~Landing() {
    flight_->landed = true;
    cache_->flights_.erase(key_);
    flight_->wake.cancel();
  }

 private:
  std::shared_ptr<TokenCache> cache_;
  std::string key_;
  std::shared_ptr<Flight> flight_;
};

Awaitable<Token> TokenCache::get(std::string key, Fetch fetch) {
  const auto self = shared_from_this();
  while (true) {
    if (const auto found = tokens_.find(key); found != tokens_.end() && found->second.use_until > clock_.steady_now()) {
      co_return found->second;
    }
    const auto flying = flights_.find(key);
    if (flying == flights_.end()) break;
    const auto flight = flying->second;
    boost::system::error_code ignored;
    co_await flight->wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (!flight->landed) co_return Error(ErrorCode::cancelled, "cancelled while waiting for a token");
    if (flight->error) co_return *flight->error;
  }
  const auto flight = std::make_shared<Flight>(co_await asio::this_coro::executor);
  flights_[key] = flight;
  const Landing landing(self, key, flight);
  auto token = co_await fetch();
  if (!token) {
    if (token.error().code() == ErrorCode::cancelled) co_return token.error();
    if (const auto old = fall_back(key)) co_return *old;
    flight->error = token.error();
    co_return token.error();
  }
  store(key, *token);
  token->fresh = true;
  co_return token;
}

void TokenCache::store(const std::string& key, const Token& token) {
  if (tokens_.size() >= limits::tokens_cached_max && !tokens_.contains(key)) {
    tokens_.erase(std::ranges::min_element(tokens_, {}, [](const auto& entry) { return entry.second.use_until; }));
  }
  tokens_[key] = token;
}

std::optional<Token> TokenCache::fall_back(const std::string& key) {
  const auto now = clock_.steady_now();
  const auto found = tokens_.find(key);
  if (found == tokens_.end() || found->second.good_until <= now) return std::nullopt;
  found->second.use_until = std::min(found->second.good_until, now + limits::token_lifetime_min);
  return found->second;
}

void TokenCache::append_to(std::vector<Secret>& secrets) const {
  for (const auto& [key, token] : tokens_) secrets.push_back(token.text);
}

}  // namespace landwaiter::registry
