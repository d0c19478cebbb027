internal import AgentMetrics
internal import Collect
internal import CollectGPU
internal import SystemIO

/// Reads AMD's GPUs with the vendor's tools where sysfs shows none: in containers that see only the devices.
///
/// Runs amd-smi (ROCm 6 and later), else rocm-smi. Both are Python programs that take up to seconds, so they run at
/// most every five seconds and a twentieth of the time. They do not report that a GPU sleeps before they have woken it.
///
/// Their output counts, not their exit status: rocm-smi up to ROCm 5.2 exits with status 2 after a complete result if a
/// card lacks one of the values.
final class AMDTools {
  /// Minimum seconds between two runs.
  static let period = 5.0
  /// Seconds to rest after a run without GPUs.
  static let emptyRest = 300.0
  /// Seconds to rest after a failure on a machine that has such a GPU.
  static let failureRest = 60.0

  /// Runs a tool and returns its output.
  typealias RunTool = (_ path: String, _ arguments: [String]) throws(CollectorError) -> Tool.Output

  private let root: String
  private let folders: [String]
  private let run: RunTool
  private var fixed: [Int: GPU]?
  private var hasGPUs = false
  private var failures = 0
  private var retryAt = -Double.infinity
  private var failure: CollectorError?

  /// Uses the tools in an environment's folders, and in ROCm's installation folder.
  init(_ environment: GPUEnvironment, run: @escaping RunTool) {
    root = environment.root
    folders = environment.toolPath + ["/opt/rocm/bin"]
    self.run = run
  }

  /// Runs the tools; nil if there are no devices, or no tools that could be expected to work.
  ///
  /// - Throws: CollectorError if they listed GPUs before and no longer do.
  func read(at instant: Double) throws(CollectorError) -> GPUAnswer? {
    // Without the compute driver's device or any graphics device a run could only end in an error.
    guard Files.exists(root + "/dev/kfd") || Files.exists(root + "/dev/dri") else { return nil }
    if instant < retryAt {
      guard let failure else { return nil }
      if hasGPUs { throw failure }
      return unanswered(failure)
    }
    let started = Clock.monotonic
    do {
      guard let (gpus, problem) = try ask() else {
        return unanswered(CollectorError("/dev/kfd exists, but there is no card in sysfs and no amd-smi or rocm-smi"))
      }
      failures = 0
      failure = nil
      hasGPUs = true
      return GPUAnswer(
        gpus: gpus, rest: max(Self.period, 20 * (Clock.monotonic - started)), failure: problem?.description)
    } catch {
      failures += 1
      failure = error
      fixed = nil
      let rest = isExpected ? Self.failureRest : Self.emptyRest
      retryAt = instant + (hasGPUs ? min(Self.emptyRest, 15 * Double(1 << min(failures, 8))) : rest)
      if hasGPUs { throw error }
      return unanswered(error)
    }
  }

  /// A result without GPUs but with the reason; nil if there is no such GPU, so that failing tools are normal.
  private func unanswered(_ failure: CollectorError) -> GPUAnswer? {
    isExpected ? GPUAnswer(rest: Self.failureRest, failure: failure.description) : nil
  }

  /// Whether the kernel has an AMD GPU: by the PCI devices, or by the compute driver's device if a container hides
  /// them.
  private var isExpected: Bool {
    let folder = root + "/sys/bus/pci/devices/"
    let devices = Files.names(in: folder)
    if devices.isEmpty { return Files.exists(root + "/dev/kfd") }
    return devices.contains { name in
      // Display controllers, and accelerators (0x12).
      let kind = (Files.hexadecimal(of: folder + name + "/class") ?? 0) >> 16
      return (kind == 0x03 || kind == 0x12) && Files.hexadecimal(of: folder + name + "/vendor") == 0x1002
        && Files.linkName(folder + name + "/driver") == "amdgpu"
    }
  }

  /// Returns the GPUs of the first tool with values, and the problem if no tool has any; nil without a tool.
  private func ask() throws(CollectorError) -> (gpus: [GPU], problem: CollectorError?)? {
    var hollow: (gpus: [GPU], problem: CollectorError?)?
    var errors: [String] = []
    for (name, question) in [("amd-smi", askAMD), ("rocm-smi", askROCm)] {
      guard let path = Tool.find(name, in: folders) else { continue }
      do {
        let gpus = try question(path)
        if !gpus.allSatisfy(Self.isHollow) { return (gpus, nil) }
        if hollow == nil { hollow = (gpus, CollectorError(name + ": no values in the output")) }
      } catch {
        errors.append(error.description)
      }
    }
    if let hollow { return hollow }
    if errors.isEmpty { return nil }
    throw CollectorError(errors.joined(separator: "; "))
  }

  /// Whether a GPU has no values except its name.
  private static func isHollow(_ gpu: GPU) -> Bool {
    gpu.util.isNaN && gpu.temperature.isNaN && gpu.power.isNaN && gpu.vramTotal.isNaN && gpu.clock.isNaN
  }

  private func askAMD(_ path: String) throws(CollectorError) -> [GPU] {
    if fixed?.isEmpty ?? true {
      let output = try run(path, ["static", "--json"])
      fixed = Self.parseStatic(output.text.span)
      // Without that output the GPUs have values and no names; a tool that hangs would hang again.
      if fixed?.isEmpty ?? true, let failure = output.failure, output.isLate { throw failure }
    }
    let output = try run(path, ["metric", "--json"])
    guard let gpus = Self.parseMetric(output.text.span, fixed: fixed ?? [:]) else {
      throw output.error("amd-smi", none: "the output is not JSON")
    }
    if gpus.isEmpty { throw output.error("amd-smi", none: "no GPU in the output") }
    return gpus
  }

  private func askROCm(_ path: String) throws(CollectorError) -> [GPU] {
    let output = try run(
      path,
      [
        "--showproductname", "--showuniqueid", "--showbus", "--showdriverversion", "--showtemp", "--showuse",
        "--showmemuse", "--showpower", "--showmaxpower", "--showfan", "--showclocks", "--showmeminfo", "vram", "gtt",
        "--json",
      ])
    guard let gpus = Self.parseROCm(output.text.span) else {
      throw output.error("rocm-smi", none: "the output is not JSON")
    }
    if gpus.isEmpty { throw output.error("rocm-smi", none: "no GPU in the output") }
    return gpus
  }
}
