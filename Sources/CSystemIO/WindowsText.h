#ifndef WINDOWS_TEXT_H
#define WINDOWS_TEXT_H
#ifdef _WIN32
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00
#endif
#include <windows.h>

// Converts UTF-8; NULL for NULL, for no memory, and for malformed text. The caller frees it.
WCHAR *csystemio_wide(const char *text);

// Converts UTF-16 with a terminating NUL; its length in bytes, or -1. Truncates to a whole character.
int csystemio_narrow(const WCHAR *text, char *bytes, int size);

// Sets errno from a code of Win32; returns -1.
int csystemio_failed(DWORD code);
#endif
#endif
