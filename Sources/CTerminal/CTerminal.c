#ifndef _WIN32
#define _GNU_SOURCE 1
#define _DARWIN_C_SOURCE 1
#include "CTerminal.h"
#include "CSystemIO.h"

#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct {
  bool is_open;
  struct termios before;
  int input;
  /// The same terminal, opened again with its own non-blocking mode, independent of the shell's descriptor.
  int output;
  int signals;
  atomic_bool woken;
} terminal = {.input = STDIN_FILENO, .output = STDOUT_FILENO};

static void take_over(void) {
  struct termios modes = terminal.before;
  modes.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON | ISTRIP);
  modes.c_oflag &= ~(tcflag_t)OPOST;
  modes.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG | IEXTEN);
  modes.c_cc[VMIN] = 1;
  modes.c_cc[VTIME] = 0;
  tcsetattr(terminal.input, TCSANOW, &modes);
}

static bool route_signals(void) {
  const int32_t routed[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT, SIGWINCH};
  terminal.signals = csystemio_signal_pipe(routed, sizeof routed / sizeof *routed);
  csystemio_signal_ignore(SIGPIPE);
  return terminal.signals >= 0;
}

bool cterminal_open(void) {
  if (terminal.is_open || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) return false;
  if (tcgetattr(terminal.input, &terminal.before) != 0 || !route_signals()) return false;
  const char *name = ttyname(STDOUT_FILENO);
  int again = name ? open(name, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) : -1;
  terminal.output = again >= 0 ? again : STDOUT_FILENO;
  static bool has_exit_handler;
  if (!has_exit_handler) has_exit_handler = atexit(cterminal_close) == 0;
  terminal.is_open = true;
  take_over();
  return true;
}

void cterminal_close(void) {
  if (!terminal.is_open) return;
  terminal.is_open = false;
  tcsetattr(terminal.input, TCSADRAIN, &terminal.before);
  if (terminal.output != STDOUT_FILENO) close(terminal.output);
  terminal.output = STDOUT_FILENO;
}

bool cterminal_is_utf8(void) {
  if (setlocale(LC_CTYPE, "") == NULL) setlocale(LC_CTYPE, "C");
  const char *codeset = nl_langinfo(CODESET);
  return strcmp(codeset, "UTF-8") == 0 || strcmp(codeset, "utf8") == 0;
}

// Any user of the terminal may set any size, and each cell takes memory.
static int32_t bounded(int32_t count, int32_t most) { return count < most ? count : most; }

bool cterminal_size(int32_t *columns, int32_t *rows) {
  struct winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return false;
  *columns = bounded(size.ws_col, CTERMINAL_MAX_COLUMNS);
  *rows = bounded(size.ws_row, CTERMINAL_MAX_ROWS);
  return true;
}

int64_t cterminal_write(const void *bytes, int64_t count) {
  ssize_t written;
  do written = write(terminal.output, bytes, (size_t)count);
  while (written < 0 && errno == EINTR);
  return written < 0 && errno == EAGAIN ? 0 : written;
}

static void take_signals(struct cterminal_events *events) {
  char bytes[64];
  ssize_t count = read(terminal.signals, bytes, sizeof bytes);
  for (ssize_t index = 0; index < count; index++) {
    switch (bytes[index]) {
    case 0: break;
    case SIGTSTP: events->stop_requested = true; break;
    case SIGCONT:
      // The shell has its own modes.
      take_over();
      events->continued = true;
      break;
    case SIGWINCH: events->resized = true; break;
    default: events->terminated = bytes[index];
    }
  }
}

struct cterminal_events cterminal_wait(char *input, int32_t capacity, bool wants_output, int32_t timeout) {
  struct cterminal_events events = {0};
  struct pollfd polled[3] = {
      {.fd = terminal.signals, .events = POLLIN},
      {.fd = terminal.input, .events = POLLIN},
      {.fd = terminal.output, .events = wants_output ? POLLOUT : 0},
  };
  if (poll(polled, 3, timeout) < 0 && errno != EINTR) {
    events.hangup = true;
    return events;
  }
  if (polled[0].revents) take_signals(&events);
  events.woken = atomic_exchange(&terminal.woken, false);
  if (polled[1].revents & POLLIN) {
    ssize_t count = read(terminal.input, input, (size_t)capacity);
    if (count == 0) events.hangup = true;
    if (count > 0) events.input_count = (int32_t)count;
  }
  if ((polled[1].revents | polled[2].revents) & (POLLERR | POLLHUP | POLLNVAL)) events.hangup = true;
  events.output = (polled[2].revents & POLLOUT) != 0;
  return events;
}

void cterminal_wake(void) {
  if (!atomic_exchange(&terminal.woken, true)) csystemio_signal_note(0);
}

void cterminal_stop_process(bool whole_group) {
  tcsetattr(terminal.input, TCSADRAIN, &terminal.before);
  signal(SIGTSTP, SIG_DFL);
  kill(whole_group ? 0 : getpid(), SIGTSTP);
  // Continued.
  route_signals();
  take_over();
}
#endif
