package import AgentMetrics
package import Collect

/// A maker of GPUs, and the source that reads them.
///
/// To add a vendor, define one value of this type in a file of its own and list it for its platform.
package struct GPUVendor: Sendable {
  /// Name in samples, such as "nvidia".
  package let name: String
  /// PCI vendor id; 0 for all makers.
  let pciVendor: UInt16
  /// Creates the source; called on the thread that then uses it.
  let makeSource: @Sendable (GPUEnvironment) -> any GPUSource

  package init(name: String, pciVendor: UInt16, makeSource: @escaping @Sendable (GPUEnvironment) -> any GPUSource) {
    self.name = name
    self.pciVendor = pciVendor
    self.makeSource = makeSource
  }

  /// Whether it lists the GPUs of all makers; follows the vendors whose drivers report more.
  var isGeneric: Bool { pciVendor == 0 }
}

/// Where to search for GPUs.
package struct GPUEnvironment: Sendable {
  /// "" for the running machine, else the directory that holds its `proc` and `sys`.
  package var root: String
  /// Whether to use drivers' libraries and tools; false for a recording, whose GPUs are not this machine's.
  package var asksDrivers: Bool
  /// Folders to search for tools, in order.
  package var toolPath: [String]
  /// Maximum wait of the first reading in seconds; a single sample has no second chance to show GPUs.
  package var firstPatience: Double

  /// Folders of programs that only the administrator can write.
  package static let trustedFolders = [
    "/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin", "/opt/rocm/bin", "/usr/local/nvidia/bin", "/usr/lib/wsl/lib",
    "/run/current-system/sw/bin",
  ]

  /// Creates the environment of the machine under `root`.
  package init(root: String, asksDrivers: Bool, toolPath: [String] = [], firstPatience: Double = 0) {
    self.root = root
    self.asksDrivers = asksDrivers
    self.toolPath = toolPath
    self.firstPatience = firstPatience
  }
}

/// Reads all GPUs of one vendor.
///
/// Used by one thread at a time, which it may block.
///
/// Derives rates itself, from the driver's counters and the time between its own readings.
package protocol GPUSource: AnyObject {
  /// Reads every GPU now. `instant` is on the boot-time clock.
  ///
  /// Values that a driver does not report are absent. A sleeping GPU is reported as asleep and not touched.
  ///
  /// - Throws: CollectorError if there are GPUs and none can be read.
  func read(at instant: Double) throws(CollectorError) -> GPUAnswer
}

/// Result of one reading of a vendor's GPUs.
package struct GPUAnswer: Sendable {
  /// GPUs in any order, without their index.
  package var gpus: [GPU] = []
  /// Seconds until the next useful reading: there is no such GPU, or all of them sleep.
  package var rest = 0.0
  /// Problem beside the values, in one line for `agent.sources`: a missing tool although the driver is loaded, or a
  /// tool without values.
  package var failure: String?

  package init(gpus: [GPU] = [], rest: Double = 0, failure: String? = nil) {
    self.gpus = gpus
    self.rest = rest
    self.failure = failure
  }
}
