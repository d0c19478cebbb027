import Collect
import SystemIO
import TestSupport
import Testing

@testable import CollectGPU

/// A management library of the tests' own, Tests/CFakeNVML, compiled for a scenario.
struct FakeNVML {
  let path: String
  private let handle: UnsafeMutableRawPointer

  init(_ scenario: String...) throws {
    path = try FakeNVMLLibrary.compiled(for: scenario) + "/libnvidia-ml.so.1"
    handle = try #require(dlopen(path, RTLD_NOW | RTLD_LOCAL))
  }

  /// A source that finds this library, on a machine of which sysfs tells nothing unless another is given.
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

  /// Calls of all functions but initialising and shutting down.
  var calls: Int { number("fake_calls") }
  /// Measurements of what goes over PCI Express.
  var measured: Int { number("fake_measured") }
  /// How often it is initialised at present.
  var open: Int { number("fake_initialised") }
  /// How often it ever was.
  var initialisations: Int { number("fake_initialisations") }
  /// Whether a call hangs.
  var isHanging: Bool { number("fake_hanging") == 1 }
  /// Sets of events at present.
  var events: Int { number("fake_events") }

  private func number(_ name: String) -> Int {
    guard let symbol = dlsym(handle, name) else { return -1 }
    // All of them are functions without arguments that give an int.
    let call = unsafeBitCast(symbol, to: (@convention(c) () -> Int32).self)
    return Int(call())
  }
}

/// Machines with GPUs of NVIDIA's in sysfs.
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
    // The card's sound.
    try machine.write("0x040300\n", to: folder + "0000:81:00.1/class")
    return machine
  }

  static func set(_ address: String, _ status: String, on machine: Fixture) throws {
    try machine.write(status + "\n", to: folder + address + "/power/runtime_status")
  }
}
