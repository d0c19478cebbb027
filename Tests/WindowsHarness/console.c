// Shows colors in the console and writes the bytes of its keys to a file; run in tmux by scripts/windows-harness.
//   console.exe FILE
#include <stdio.h>
#include <string.h>
#include <windows.h>

#include "CTerminal.h"

static DWORD WINAPI wake_later(void *context) {
  (void)context;
  Sleep(2000);
  cterminal_wake();
  return 0;
}

int main(int count, char **arguments) {
  FILE *file = count > 1 ? fopen(arguments[1], "wb") : NULL;
  if (!file || !cterminal_open()) return 1;
  int32_t columns = 0, rows = 0;
  fprintf(file, "size %d\n", cterminal_size(&columns, &rows));
  char text[256];
  snprintf(text, sizeof text, "\x1b[2J\x1b[H\x1b[38;2;200;100;50mcolor\x1b[0m \xe2\xa3\xbf %dx%d\r\n", columns, rows);
  fprintf(file, "wrote all %d\n", cterminal_write(text, (int64_t)strlen(text)) == (int64_t)strlen(text));
  CreateThread(NULL, 0, wake_later, NULL, 0, NULL);
  ULONGLONG end = GetTickCount64() + 60000;
  char bytes[256];
  while (GetTickCount64() < end) {
    struct cterminal_events events = cterminal_wait(bytes, sizeof bytes, false, 10000);
    if (events.hangup || events.terminated) break;
    if (events.woken) fprintf(file, "woken\n");
    if (events.resized) fprintf(file, "resized\n");
    fflush(file);
    if (events.input_count == 0) continue;
    fprintf(file, "keys");
    for (int32_t index = 0; index < events.input_count; index++) fprintf(file, " %02x", (unsigned char)bytes[index]);
    fprintf(file, "\n");
    fflush(file);
    if (memchr(bytes, 'q', (size_t)events.input_count)) break;
  }
  cterminal_write("end\r\n", 5);
  cterminal_close();
  fclose(file);
  return 0;
}
