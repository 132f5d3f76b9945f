// SPDX-License-Identifier: Apache-2.0
#include "core/os/terminal.hpp"

#include "core/os/file_descriptor.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace landwaiter {
namespace {

constexpr std::size_t kSecretMax = 16 * 1024;
constexpr char kInterrupt = 0x03, kEnd = 0x04, kBackspace = 0x08, kEraseAll = 0x15, kDelete = 0x7f;

/// While it lives, the terminal shows nothing of what is typed and gives each key at once, also those that would end this process: it must
/// not leave the terminal like that.
class Unseen {
 public:
  explicit Unseen(int terminal) : terminal_(terminal) {
    known_ = ::tcgetattr(terminal_, &before_) == 0;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    if (known_) ::tcsetattr(terminal_, TCSAFLUSH, &quiet);
  }
  ~Unseen() {
    if (known_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;
  bool works() const { return known_; }

 private:
  int terminal_;
  termios before_{};
  bool known_ = false;
};

void say(int terminal, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(terminal, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

/// Without what the keys for correcting have taken away.
Result<Secret> read_keys(int terminal) {
  // Reserved at the largest size: growing would leave copies.
  std::string line;
  line.reserve(kSecretMax);
  const auto cancelled = [&line] {
    wipe(line);
    return Error(ErrorCode::cancelled, "no password was given");
  };
  while (true) {
    char key = 0;
    const ssize_t size = ::read(terminal, &key, 1);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0 || key == kInterrupt) return cancelled();
    if (key == '\n' || key == '\r' || key == kEnd) break;
    if (key == kEraseAll) line.clear();
    else if (key == kBackspace || key == kDelete) line.resize(line.empty() ? 0 : line.size() - 1);
    else if (line.size() < kSecretMax) line += key;
  }
  Secret secret(line);
  wipe(line);
  return secret;
}

int descriptor_of(StandardStream stream) { return stream == StandardStream::output ? STDOUT_FILENO : STDERR_FILENO; }

}  // namespace

bool is_terminal(StandardStream stream) { return ::isatty(descriptor_of(stream)) != 0; }

std::optional<std::size_t> terminal_columns(StandardStream stream) {
  winsize size{};
  if (!is_terminal(stream) || ::ioctl(descriptor_of(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

Result<Secret> ask_secret(const std::string& question) {
  const Error nobody(ErrorCode::not_found, "there is no terminal");
  if (!is_terminal(StandardStream::error)) return nobody;
  const FileDescriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC));
  if (!terminal.valid()) return nobody;
  const Unseen unseen(terminal.number());
  if (!unseen.works()) return nobody;
  say(terminal.number(), question);
  auto secret = read_keys(terminal.number());
  say(terminal.number(), "\n");
  return secret;
}

}  // namespace landwaiter
