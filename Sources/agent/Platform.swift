import Platforms

#if os(Linux)
  import PlatformLinux
#else
  import PlatformUnsupported
#endif

/// The system for which this program was built: with the target that `Package.swift` lists for it, the only place that
/// selects a platform.
#if os(Linux)
  let platform: any Platform = LinuxPlatform()
#else
  let platform: any Platform = UnsupportedPlatform()
#endif
