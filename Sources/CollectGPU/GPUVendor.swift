internal import AgentMetrics
internal import Collect

/// A maker of GPUs: how its devices are found and asked.
///
/// A new vendor is one value of this type, in a file of its own, and its place in ``all``.
package struct GPUVendor: Sendable {
  /// "nvidia", as the samples name it.
  package let name: String
  /// Its PCI vendor id, by which the kernel's list of devices is searched before any driver is asked.
  let pciVendor: UInt16
  /// Makes what asks its GPUs; called on the thread that then uses it.
  let makeSource: @Sendable (GPUEnvironment) -> any GPUSource

  init(name: String, pciVendor: UInt16, makeSource: @escaping @Sendable (GPUEnvironment) -> any GPUSource) {
    self.name = name
    self.pciVendor = pciVendor
    self.makeSource = makeSource
  }

  /// All that are known.
  package static let all: [GPUVendor] = [.nvidia, .amd, .intel]
}

/// Where GPUs are looked for.
package struct GPUEnvironment: Sendable {
  /// "" for the running machine, else the directory that holds its `proc` and `sys`.
  package var root: String
  /// Whether drivers' libraries and tools may be asked; not for a recording, whose GPUs are not this machine's.
  package var asksDrivers: Bool
  /// Folders in which tools are looked for, in order.
  package var toolPath: [String]
  /// Seconds that the first reading waits for GPUs at most; a single sample has no second chance to show them.
  package var firstPatience: Double

  /// The machine under `root`.
  package init(root: String, asksDrivers: Bool, toolPath: [String] = [], firstPatience: Double = 0) {
    self.root = root
    self.asksDrivers = asksDrivers
    self.toolPath = toolPath
    self.firstPatience = firstPatience
  }
}

/// What asks all GPUs of one vendor; used from one thread at a time, which may block in it.
///
/// It turns what the driver counts into rates itself, over the time between its own answers.
protocol GPUSource: AnyObject {
  /// Asks every GPU now; `instant` is the boot-time clock's.
  ///
  /// What a driver does not tell is absent. A GPU that sleeps is told as asleep and not asked.
  ///
  /// - Throws: CollectorError where there are GPUs and none can be asked.
  func read(at instant: Double) throws(CollectorError) -> GPUAnswer
}

/// What a vendor's source said.
struct GPUAnswer: Sendable {
  /// Its GPUs in any order, without their index.
  var gpus: [GPU] = []
  /// Seconds for which there is no use in asking again: there is no such GPU, or all of them sleep.
  var rest = 0.0
  /// Problem beside the answer, in one line for `agent.sources`: a tool is missing where the driver is loaded, or printed no
  /// values.
  var failure: String?
}
