package import CDarwin
internal import SystemIO

/// A Mac as the functions of CDarwin report it at one instant; unscripted lists are empty.
package struct DarwinMachine: Sendable {
  /// Nil for a call that the system refuses.
  package var cpus: [cdarwin_cpu]? = []
  package var topology: cdarwin_topology?
  package var load: [Double]?
  package var memory: cdarwin_memory?
  package var filesystems: [cdarwin_filesystem]? = []
  /// Space, or an error code, by mount point.
  package var spaces: [String: (error: Int32, space: cdarwin_space)] = [:]
  /// Mount points whose call does not return while they are listed.
  package var hungMounts: Set<String> = []
  package var interfaces: [cdarwin_interface]? = []
  package var timebase: cdarwin_timebase?
  package var processes: [cdarwin_process]? = []
  package var users: [UInt32: String] = [:]
  /// As sysctl KERN_PROCARGS2 returns them, by pid.
  package var arguments: [Int32: [UInt8]] = [:]
  package var paths: [Int32: String] = [:]
  package var directories: [Int32: String] = [:]
  package var host: cdarwin_host?

  package init() {}

  private static let current = Condition(DarwinMachine())

  /// Makes the functions of CDarwin report this machine; tests that call it must not run beside each other.
  package func install() { Self.current.update { $0 = self } }

  /// Reads the installed machine.
  static func read<Value>(_ body: (DarwinMachine) -> Value) -> Value { current.withState { body($0) } }

  /// Waits until the installed machine's filesystem answers.
  static func waitForMount(_ mountpoint: String) {
    let _: Bool? = current.wait { $0.hungMounts.contains(mountpoint) ? nil : true }
  }
}

/// Copies a text into an array of characters of a C structure, which Swift imports as a tuple.
package func set<Characters>(_ characters: inout Characters, _ text: String) {
  // A tuple of characters is its bytes, without gaps; the last one stays NUL.
  withUnsafeMutableBytes(of: &characters) { bytes in
    for index in bytes.indices { bytes[index] = 0 }
    for (index, byte) in text.utf8.prefix(bytes.count - 1).enumerated() { bytes[index] = byte }
  }
}
