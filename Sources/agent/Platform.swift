import Collect

#if os(Linux)
  import CollectLinux
#endif

/// The collectors of the system that this program was built for: the only place that picks one.
///
/// - Parameter root: "" for the running machine, else the directory that holds its `proc` and `sys`.
func collectors(root: String) -> [any Collector] {
  #if os(Linux)
    linuxCollectors(root: root, version: version)
  #else
    []
  #endif
}
