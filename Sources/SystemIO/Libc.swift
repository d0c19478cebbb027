// The only import of a C library; all other files import SystemIO.
#if canImport(Glibc)
  @_exported public import Glibc
#elseif canImport(Musl)
  @_exported public import Musl
#elseif canImport(Darwin)
  @_exported public import Darwin
#elseif canImport(ucrt)
  @_exported public import ucrt
#endif
