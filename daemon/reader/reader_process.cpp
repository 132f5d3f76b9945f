// SPDX-License-Identifier: Apache-2.0
#include "daemon/reader/reader_process.hpp"

#include "core/os/heap.hpp"
#include "core/os/locale.hpp"
#include "core/os/process.hpp"
#include "core/os/sandbox.hpp"
#include "daemon/reader/local_reader.hpp"
#include "daemon/reader/reader_messages.hpp"

#include <atomic>
#include <new>

namespace landwaiter::daemon {
namespace {

/// For the heartbeat, which has no other way to them.
std::atomic<MessageSocket*> told_to = nullptr;  // NOLINT
detectors::ScanProgress progress;               // NOLINT

void say_alive() noexcept {
  MessageSocket* const socket = told_to;
  if (socket == nullptr) return;
  socket->send_if_room(numbers_message(ReaderMessage::alive, {progress.files, progress.findings}));
}

/// Instead of an exception, which could not pass through the libraries that call us.
void end_without_memory() {
  static constexpr std::uint8_t kMessage = static_cast<std::uint8_t>(ReaderMessage::no_memory);
  if (MessageSocket* const socket = told_to) static_cast<void>(socket->send({&kMessage, 1}).has_value());
  end_process(1);
}

/// The blob, chunk by chunk out of the shared memory.
class SharedSource final : public ByteSource {
 public:
  explicit SharedSource(ForkedChild& process) : process_(process) {}

  Result<ByteView> next() override {
    if (ended_) return ByteView{};
    if (lent_ < kReaderChunks) {
      auto sent = process_.socket.send(numbers_message(ReaderMessage::chunk_free, {lent_, 0}));
      if (!sent) return sent.error();
      lent_ = kReaderChunks;
    }
    const std::size_t size = process_.socket.receive_blocking(buffer_);
    if (size == 0) return Error(ErrorCode::cancelled, "nobody waits for this layer");
    const auto numbers = numbers_of(ByteView(buffer_).first(size));
    if (!numbers) return Error(ErrorCode::internal, "a chunk without numbers");
    if (static_cast<ReaderMessage>(buffer_.front()) == ReaderMessage::blob_end) {
      ended_ = true;
      return ByteView{};
    }
    lent_ = numbers->first;
    return ByteView(process_.memory.bytes()).subspan(lent_ * limits::blob_chunk_bytes, numbers->second);
  }

 private:
  ForkedChild& process_;
  std::array<std::uint8_t, 64> buffer_{};
  std::size_t lent_ = kReaderChunks;  ///< the place of the chunk that next() handed out last
  bool ended_ = false;
};

std::optional<ReaderNumbers> receive_allowance(MessageSocket& socket) {
  std::array<std::uint8_t, 64> buffer{};
  return numbers_of(ByteView(buffer).first(socket.receive_blocking(buffer)));
}

Result<std::string> receive_order(MessageSocket& socket) {
  ItemBuilder items(limits::reader_results_bytes_max);
  Bytes buffer(kMessageBytesMax);
  for (;;) {
    const std::size_t size = socket.receive_blocking(buffer);
    if (size == 0) return Error(ErrorCode::cancelled, "nobody waits");
    auto item = items.add(ByteView(buffer).first(size));
    if (!item) return item.error();
    if (*item) return **std::move(item);
  }
}

template <class T>
Result<void> send(MessageSocket& socket, Result<T> results) {
  return results ? send_results(socket, *std::move(results)) : send_results(socket, results.error());
}

/// Does what it is told, once.
Result<void> serve(ForkedChild& process, LocalReader& reader) {
  auto text = receive_order(process.socket);
  if (!text) return text.error();
  auto order = parse_reader_order(*text);
  if (!order) return send_results(process.socket, order.error());
  if (order->image) return send(process.socket, reader.analyze(*order->image, {}));
  SharedSource blob(process);
  return send(process.socket, reader.read(blob, order->layer->layer, order->layer->wanted, progress, {}));
}

int read_one(ForkedChild process, const Sandbox& sandbox, LocalReader& reader) {
  told_to = &process.socket;
  start_heartbeat(say_alive);
  std::set_new_handler(end_without_memory);
  const auto allowed = receive_allowance(process.socket);
  if (!allowed) return 1;
  const auto confined = sandbox.enter({allowed->first, std::chrono::seconds(allowed->second)});
  auto sent = confined ? serve(process, reader) : send_results(process.socket, confined.error());
  if (sent) sent = process.socket.send(numbers_message(ReaderMessage::done, {}));
  return sent ? 0 : 1;
}

}  // namespace

std::optional<int> run_reader_process(int argc, const char* const* argv) {
  if (argc != 2 || argv[1] != kReaderArgument) return std::nullopt;
  prefer_to_be_killed();
  return_large_blocks();
  keep_memory_private();
  settle_locale();
  const auto sandbox = Sandbox::prepare();
  std::shared_ptr<LocalReader> reader;
  const auto prepare = [&](ByteView setup) -> Result<std::string> {
    if (!sandbox) return sandbox.error();
    auto settings = parse_reader_settings(as_text(setup));
    if (!settings) return settings.error();
    auto made = LocalReader::create(*settings);
    if (!made) return made.error();
    reader = *std::move(made);
    return to_text(ReaderStates{reader->engine_state(), reader->documents_state()});
  };
  return serve_forks(kReaderSharedBytes, prepare, [&](ForkedChild process) { return read_one(std::move(process), *sandbox, *reader); });
}

}  // namespace landwaiter::daemon
