package import CWindows
internal import SystemIO

/// A Windows machine as the functions of CWindows report it at one instant; empty lists where nothing is scripted.
package struct WindowsMachine: Sendable {
  /// Nil for a call that the system refuses.
  package var processors: [cwindows_processor]? = []
  package var topology: cwindows_topology?
  package var frequencies: [cwindows_frequency]?
  package var memory: cwindows_memory?
  package var volumes: [cwindows_volume] = []
  /// Space, or an error code, by drive.
  package var spaces: [String: (error: UInt32, space: cwindows_space)] = [:]
  /// Drives whose call does not return while they are listed.
  package var hungDrives: Set<String> = []
  package var disks: [cwindows_disk] = []
  package var diskModels: [UInt32: String] = [:]
  /// Disk numbers by drive letter, A to Z.
  package var diskLetters: [Character: Int32] = [:]
  package var interfaces: [cwindows_interface]? = []
  package var processes: [cwindows_process]? = []
  /// Security identifiers by pid.
  package var users: [UInt32: String] = [:]
  package var accounts: [String: String] = [:]
  package var commands: [UInt32: String] = [:]
  package var paths: [UInt32: String] = [:]
  package var services: [cwindows_service]? = []
  package var host: cwindows_host?
  package var gpus: [cwindows_gpu]? = []
  package var displays: [cwindows_display_device]? = []

  package init() {}

  private static let current = Condition(WindowsMachine())

  /// Makes the functions of CWindows report this machine; tests that call it must not run beside each other.
  package func install() { Self.current.update { $0 = self } }

  /// Reads the installed machine.
  static func read<Value>(_ body: (WindowsMachine) -> Value) -> Value { current.withState { body($0) } }

  /// Waits until the installed machine's drive answers.
  static func waitForDrive(_ root: String) {
    let _: Bool? = current.wait { $0.hungDrives.contains(root) ? nil : true }
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
