// The only file with conditions on the system: with the targets that Package.swift lists for it, it selects the platform
// for which this program is built, its HTTP server and client, and the terminal.
import ClientHTTP
import Dashboard
import Platforms
import ServerCore
import SystemIO
import VTTerminal

#if os(Windows)
  import ClientWindows
  import PlatformWindows
  import SocketServer

  let platform: any Platform = WindowsPlatform()
  let transport: any ClientTransport = WindowsTransport()
  let servers: any ServerFactory = SocketServers()

  /// Opens the terminal of stdin and stdout; nil where only lines can be printed.
  func openTerminal(_ kind: TerminalKind) throws -> (any Terminal)? {
    if kind == .ncurses { throw UsageError(description: "--terminal ncurses is not available on this system") }
    return VTTerminal.standard { Environment.value(of: $0) }
  }
#else
  import ClientNIO
  import HTTPServer
  import NcursesTerminal
  #if os(Linux)
    import PlatformLinux

    let platform: any Platform = LinuxPlatform()
  #elseif os(macOS)
    import PlatformDarwin

    let platform: any Platform = DarwinPlatform()
  #else
    import PlatformUnsupported

    let platform: any Platform = UnsupportedPlatform()
  #endif

  let transport: any ClientTransport = NIOTransport()
  let servers: any ServerFactory = HummingbirdServers()

  /// Opens the terminal of stdin and stdout; nil where only lines can be printed.
  func openTerminal(_ kind: TerminalKind) throws -> (any Terminal)? {
    if kind == .vt { return VTTerminal.standard { Environment.value(of: $0) } }
    return try NcursesTerminal.standard()
  }
#endif
