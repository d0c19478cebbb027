// Shows colors in the console and writes the bytes of its keys to a file; run in tmux by scripts/windows-harness.
//   console.exe FILE
#include <stdio.h>
#include <string.h>
#include <windows.h>

#include "CWindows.h"

int main(int count, char **arguments) {
  struct cwindows_console console;
  FILE *file = count > 1 ? fopen(arguments[1], "wb") : NULL;
  if (!file || !cwindows_console_open(&console)) return 1;
  int32_t columns = 0, rows = 0;
  fprintf(file, "size %d\n", cwindows_console_size(&console, &columns, &rows));
  char text[256];
  snprintf(text, sizeof text, "\x1b[2J\x1b[H\x1b[38;2;200;100;50mcolor\x1b[0m \xe2\xa3\xbf %dx%d\r\n", columns, rows);
  cwindows_console_write(&console, text, (int32_t)strlen(text));
  ULONGLONG end = GetTickCount64() + 60000;
  char bytes[256];
  for (int32_t length = 0; GetTickCount64() < end && (length = cwindows_console_read(&console, bytes, sizeof bytes, 200)) >= 0;) {
    if (length == 0) continue;
    fprintf(file, "keys");
    for (int32_t index = 0; index < length; index++) fprintf(file, " %02x", (unsigned char)bytes[index]);
    fprintf(file, "\n");
    fflush(file);
    if (memchr(bytes, 'q', (size_t)length)) break;
  }
  cwindows_console_write(&console, "end\r\n", 5);
  cwindows_console_close(&console);
  fclose(file);
  return 0;
}
