#ifndef CLIBC_H
#define CLIBC_H

// The system's C library as a module, by one name: Swift files import SystemIO, which re-exports this, and choose no
// library themselves. It has what C headers declare, without the Swift functions that Swift's Glibc adds (errno, open
// and fcntl, which are macros or variadic in C); SystemIO has those that the agent needs.
#if __has_feature(modules)
#if defined(__APPLE__)
#pragma clang module import Darwin
#elif defined(_WIN32)
#pragma clang module import ucrt
#elif __has_include(<gnu/libc-version.h>)
#pragma clang module import SwiftGlibc
#else
#pragma clang module import SwiftMusl
#endif
#endif

#endif
