internal import AgentMetrics
internal import CWindows
internal import Collect
package import CollectGPU

extension GPUVendor {
  /// Graphics adapters of all makers, as Windows lists them; follows ``nvidia(libraries:)``, whose entries are kept.
  package static let displayAdapters = GPUVendor(name: "display", pciVendor: 0) { _ in DisplayAdapterSource() }
}

/// Graphics adapters by DXGI, use and memory by D3DKMT.
///
/// Without DXGI, as in some sessions, only the names of the display devices are listed.
final class DisplayAdapterSource: GPUSource {
  /// Seconds before a machine without adapters is asked again.
  private static let rest = 300.0
  /// Maximum number of adapters.
  private static let maxAdapters = 64

  private var adapters = CList(cwindows_gpu(), capacity: 8, limit: maxAdapters)
  private var devices = CList(cwindows_display_device(), capacity: 8, limit: maxAdapters)
  /// Adapters of the previous answer, by their identity.
  private var previous: [UInt64: cwindows_gpu] = [:]
  private var drivers: [cwindows_display_device] = []

  func read(at instant: Double) throws(CollectorError) -> GPUAnswer {
    let isListed = adapters.read { cwindows_gpus($0, $1) } && adapters.count > 0
    let current = (0..<adapters.count).map { adapters[$0] }
    // Names and versions change with the list only.
    if previous.isEmpty || Set(previous.keys) != Set(current.map(\.luid)) {
      drivers = devices.read { cwindows_display_devices($0, $1) } ? (0..<devices.count).map { devices[$0] } : []
    }
    guard isListed else {
      previous = [:]
      let named = drivers.compactMap { GPU(named: $0) }
      return GPUAnswer(
        gpus: named, rest: Self.rest,
        failure: named.isEmpty ? nil : "DXGI lists no adapters in this session: only their names are known")
    }
    let gpus = current.map { GPU($0, since: previous[$0.luid], devices: drivers) }
    previous = Dictionary(current.map { ($0.luid, $0) }) { first, _ in first }
    return GPUAnswer(gpus: gpus)
  }
}

extension GPU {
  /// Memory in bytes below which an adapter shares the CPU's package: firmware sets a part of main memory aside.
  private static let integratedMemory = 1_073_741_824.0

  /// Values of an adapter, with its use since an earlier answer.
  fileprivate init(_ adapter: cwindows_gpu, since previous: cwindows_gpu?, devices: [cwindows_display_device]) {
    self.init(vendor: Self.vendorName(adapter.vendor))
    model = textIfAny(adapter.name)
    pciAddress = Self.address(adapter)
    driver = devices.first { $0.vendor == adapter.vendor && $0.device == adapter.device }
      .flatMap { textIfAny($0.driver) }
    vramTotal = number(adapter.dedicated_total)
    vramUsed = number(adapter.dedicated_used)
    sharedUsed = number(adapter.shared_used)
    isIntegrated = vramTotal < Self.integratedMemory
    hasUnifiedMemory = isIntegrated
    temperature = number(adapter.temperature) / 10
    fanSpeed = number(adapter.fan_rpm)
    memoryClock = number(adapter.memory_clock)
    guard let previous else { return }
    for engine in 0..<min(Int(adapter.engines), Int(previous.engines), 16) {
      let busy = Self.share(engine, from: previous, to: adapter)
      guard busy.isFinite else { continue }
      // Like Task Manager: the busiest engine.
      util = max(util.isFinite ? util : 0, busy)
      switch Self.element(engine, of: adapter.engine, UInt8.self) {
      case 2: decoder = max(decoder.isFinite ? decoder : 0, busy)
      case 3: encoder = max(encoder.isFinite ? encoder : 0, busy)
      default: break
      }
    }
    utilSource = util.isFinite ? "d3dkmt" : nil
  }

  /// The name of a display device, without values; nil for one that is not on a bus of the machine (remote desktops).
  fileprivate init?(named device: cwindows_display_device) {
    guard device.vendor != 0, let name = textIfAny(device.name) else { return nil }
    self.init(vendor: Self.vendorName(device.vendor))
    model = name
    driver = textIfAny(device.driver)
  }

  private static func share(_ engine: Int, from previous: cwindows_gpu, to current: cwindows_gpu) -> Double {
    let start = element(engine, of: previous.running_time, UInt64.self)
    let end = element(engine, of: current.running_time, UInt64.self)
    guard start != cwindows_absent, end != cwindows_absent, end >= start, current.instant > previous.instant else {
      return .nan
    }
    return min(1, Double(end - start) / Double(current.instant - previous.instant))
  }

  /// An element of a C array, which Swift imports as a tuple.
  private static func element<Tuple, Element>(_ index: Int, of tuple: Tuple, _: Element.Type) -> Element {
    // A tuple of equal elements lies in memory like an array; the caller bounds the index.
    withUnsafeBytes(of: tuple) {
      $0.loadUnaligned(fromByteOffset: index * MemoryLayout<Element>.stride, as: Element.self)
    }
  }

  /// "0000:3b:00.0"; nil where the bus is unknown.
  private static func address(_ adapter: cwindows_gpu) -> String? {
    guard adapter.bus >= 0, adapter.slot >= 0, adapter.function >= 0 else { return nil }
    func hexadecimal(_ value: Int32) -> String {
      let text = String(value, radix: 16)
      return text.utf8.count < 2 ? "0" + text : text
    }
    return "0000:\(hexadecimal(adapter.bus)):\(hexadecimal(adapter.slot)).\(adapter.function)"
  }

  private static func vendorName(_ vendor: UInt32) -> String {
    switch vendor {
    case 0x10DE: "nvidia"
    case 0x1002, 0x1022: "amd"
    case 0x8086: "intel"
    case 0x5143, 0x4D4F_4351: "qualcomm"
    default: "0x" + String(vendor, radix: 16)
    }
  }
}
