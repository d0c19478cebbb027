import Collect
import SystemIO
import TestSupport
import Testing

@testable import CollectGPU
@testable import CollectGPULinux

/// The tests' NVML, Tests/CFakeNVML, compiled for a scenario.
struct FakeNVML {
  let path: String
  private let handle: UnsafeMutableRawPointer

  init(_ scenario: String...) throws {
    path = try FakeNVMLLibrary.compiled(for: scenario) + "/libnvidia-ml.so.1"
    handle = try #require(dlopen(path, RTLD_NOW | RTLD_LOCAL))
  }

  /// A source with this library, on a machine with an empty sysfs unless another is given.
  func source(_ environment: GPUEnvironment = GPUEnvironment(root: "/nowhere", asksDrivers: true)) -> NVIDIASource {
    NVIDIASource(environment, paths: [path])
  }

  func source(on machine: Fixture) -> NVIDIASource {
    source(GPUEnvironment(root: machine.root, asksDrivers: true))
  }

  var vendor: GPUVendor {
    let path = path
    return GPUVendor(name: "nvidia", pciVendor: 0x10DE) { NVIDIASource($0, paths: [path]) }
  }

  /// Calls of all functions except initialization and shutdown.
  var calls: Int { number("fake_calls") }
  /// Measurements of PCI Express traffic.
  var measured: Int { number("fake_measured") }
  /// Current number of initializations.
  var open: Int { number("fake_initialised") }
  /// Total number of initializations.
  var initialisations: Int { number("fake_initialisations") }
  /// Whether a call hangs.
  var isHanging: Bool { number("fake_hanging") == 1 }
  /// Current number of event sets.
  var events: Int { number("fake_events") }

  private func number(_ name: String) -> Int {
    guard let symbol = dlsym(handle, name) else { return -1 }
    // All of them are functions without arguments that return an int.
    let call = unsafeBitCast(symbol, to: (@convention(c) () -> Int32).self)
    return Int(call())
  }
}

/// Machines with NVIDIA GPUs in sysfs.
enum NVIDIAMachine {
  static let folder = "sys/bus/pci/drivers/nvidia/"

  /// GPUs by address, with their runtime_status and control.
  static func make(_ gpus: [(address: String, status: String, control: String)]) throws -> Fixture {
    let machine = try Fixture(files: ["sys/module/nvidia/version": "570.86.10\n"])
    for gpu in gpus {
      try machine.write("0x030000\n", to: folder + gpu.address + "/class")
      try machine.write("0x2204\n", to: folder + gpu.address + "/device")
      try machine.write(gpu.control + "\n", to: folder + gpu.address + "/power/control")
      try set(gpu.address, gpu.status, on: machine)
    }
    // The card's audio function.
    try machine.write("0x040300\n", to: folder + "0000:81:00.1/class")
    return machine
  }

  static func set(_ address: String, _ status: String, on machine: Fixture) throws {
    try machine.write(status + "\n", to: folder + address + "/power/runtime_status")
  }
}

extension NVIDIASource {
  /// Reads the GPUs of the Linux machine of an environment.
  convenience init(
    _ environment: GPUEnvironment, paths: [String]? = nil,
    run: @escaping RunTool = { path, arguments throws(CollectorError) in try Tool.run(path, arguments) },
    clock: @escaping () -> Double = { Clock.monotonic }
  ) {
    self.init(environment, on: LinuxNVIDIASystem(root: environment.root), paths: paths, run: run, clock: clock)
  }
}
