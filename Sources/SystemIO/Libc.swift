// The only import of the C library; all other files import SystemIO.
@_exported public import CLibc
