#ifdef _WIN32
#include "CTerminal.h"
#include "CSystemIO.h"
#include "CWindows.h"

#include <stdatomic.h>
#include <stddef.h>

static struct {
  bool is_open;
  struct cwindows_console console;
  int32_t columns, rows;
  int32_t signals;
  atomic_int terminated;
  atomic_bool woken;
} terminal;

// The end of the console or of the session, or a service's stop.
static void wait_for_signal(void *context) {
  (void)context;
  int32_t signal = csystemio_signal_wait(terminal.signals);
  if (signal <= 0) return;
  atomic_store(&terminal.terminated, signal);
  cwindows_console_wake(&terminal.console);
}

bool cterminal_open(void) {
  if (terminal.is_open || !cwindows_console_open(&terminal.console)) return false;
  const int32_t routed[] = {CSYSTEMIO_SIGINT, CSYSTEMIO_SIGTERM};
  terminal.signals = csystemio_signal_pipe(routed, 2);
  if (terminal.signals >= 0) csystemio_thread_start("signals", 64 << 10, wait_for_signal, NULL);
  terminal.is_open = true;
  cterminal_size(&terminal.columns, &terminal.rows);
  return true;
}

void cterminal_close(void) {
  if (!terminal.is_open) return;
  terminal.is_open = false;
  cwindows_console_close(&terminal.console);
}

bool cterminal_is_utf8(void) { return true; }

bool cterminal_size(int32_t *columns, int32_t *rows) {
  return cwindows_console_size(&terminal.console, columns, rows);
}

int64_t cterminal_write(const void *bytes, int64_t count) {
  return cwindows_console_write(&terminal.console, bytes, (int32_t)count) ? count : -1;
}

struct cterminal_events cterminal_wait(char *input, int32_t capacity, bool wants_output, int32_t timeout) {
  // Not every console reports a change of its size, which is therefore compared.
  enum { look = 500 };
  struct cterminal_events events = {.output = wants_output};
  int64_t end = timeout < 0 ? INT64_MAX : csystemio_clock_read(CSYSTEMIO_MONOTONIC) / 1000000 + timeout;
  while (true) {
    int64_t left = timeout < 0 ? look : end - csystemio_clock_read(CSYSTEMIO_MONOTONIC) / 1000000;
    if (left < 0 || wants_output) left = 0;
    events.input_count = cwindows_console_read(&terminal.console, input, capacity, (uint32_t)(left < look ? left : look));
    if (events.input_count < 0) {
      events.input_count = 0;
      events.hangup = true;
    }
    events.terminated = atomic_load(&terminal.terminated);
    events.woken = atomic_exchange(&terminal.woken, false);
    int32_t columns = terminal.columns, rows = terminal.rows;
    cterminal_size(&columns, &rows);
    events.resized = columns != terminal.columns || rows != terminal.rows;
    terminal.columns = columns;
    terminal.rows = rows;
    bool is_any = events.input_count > 0 || events.terminated || events.woken || events.resized || events.output ||
      events.hangup;
    if (is_any || (left <= look && timeout >= 0)) return events;
  }
}

void cterminal_wake(void) {
  if (!atomic_exchange(&terminal.woken, true)) cwindows_console_wake(&terminal.console);
}

void cterminal_stop_process(bool whole_group) { (void)whole_group; }
#endif
