// The only file with conditions on the system: with the targets that Package.swift lists for it, it selects the platform
// for which this program is built, and the terminal.
import Dashboard
import Platforms

#if os(Linux)
  import NcursesTerminal
  import PlatformLinux

  let platform: any Platform = LinuxPlatform()
#elseif os(macOS)
  import NcursesTerminal
  import PlatformUnsupported

  let platform: any Platform = UnsupportedPlatform()
#elseif os(Windows)
  import PlatformWindows

  let platform: any Platform = WindowsPlatform()
#else
  import PlatformUnsupported

  let platform: any Platform = UnsupportedPlatform()
#endif

/// Opens the terminal of stdin and stdout; nil where only lines can be printed.
func openTerminal() throws -> (any Terminal)? {
  #if os(Linux) || os(macOS)
    try NcursesTerminal.standard()
  #else
    nil
  #endif
}
