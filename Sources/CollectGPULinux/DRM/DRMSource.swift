internal import AgentMetrics
internal import CollectGPU
internal import SystemIO

/// One device of the direct rendering manager, with its driver's way of reading it.
protocol DRMCard: AnyObject {
  var device: DRMDevice { get }
  /// Whether the driver accesses the device to report its clients, which keeps it awake.
  var wakesForClients: Bool { get }
  /// Values known without accessing the device: names and addresses, and its memory size once it was read.
  var identity: GPU { get }
  /// Reads the device now.
  func read(at instant: Double, _ buffer: ReadBuffer, use: DRMUse?, isComplete: Bool) -> GPU
}

/// All devices of one vendor with a kernel driver.
///
/// Decides when to access each.
final class DRMSource {
  /// Seconds between two searches for added and removed devices.
  static let period = 10.0
  /// Seconds to rest while all devices sleep.
  static let sleepingRest = 5.0
  /// Seconds to rest without a device.
  static let emptyRest = 300.0
  /// Seconds after boot in which a driver may still be loaded.
  static let settling = 180.0

  private final class TrackedCard {
    let card: any DRMCard
    let power: RuntimePower
    var latest: GPU?
    var readAt = Double.nan

    init(_ card: any DRMCard) {
      self.card = card
      power = RuntimePower(deviceFolder: card.device.deviceFolder)
    }
  }

  private let vendor: UInt16
  private let root: String
  private let makeCard: (DRMDevice) -> any DRMCard
  private let readsClients: (DRMDevice) -> Bool
  private let buffer = ReadBuffer(capacity: 8_192)
  private var entries: [TrackedCard] = []
  private var readAt = -Double.infinity
  /// Processes that use the devices.
  let clients: DRMClients

  /// Creates a source for a PCI vendor's devices; `readsClients` decides whether a device's clients are read.
  init(
    vendor: UInt16, root: String, readsClients: @escaping (DRMDevice) -> Bool = { _ in true },
    makeCard: @escaping (DRMDevice) -> any DRMCard
  ) {
    self.vendor = vendor
    self.root = root
    self.readsClients = readsClients
    self.makeCard = makeCard
    clients = DRMClients(root: root)
  }

  /// Reads the devices that may be accessed; nil without any.
  func read(at instant: Double) -> GPUAnswer? {
    if instant >= readAt + Self.period || entries.isEmpty { findDevices(at: instant) }
    if entries.isEmpty { return nil }
    let looks = entries.map { $0.power.look(at: instant) }
    if looks.allSatisfy({ $0 == .asleep }) {
      return GPUAnswer(gpus: entries.map { asleep($0) }, rest: Self.sleepingRest)
    }
    var nodes: [String: String] = [:]
    for (entry, look) in zip(entries, looks)
    where look == .read || look == .leaveAlone && !entry.card.wakesForClients {
      guard readsClients(entry.card.device) else { continue }
      for node in entry.card.device.nodes { nodes[node] = entry.card.device.card }
    }
    let uses = clients.read(at: instant, nodes: nodes)
    let gpus = zip(entries, looks).map { entry, look in
      answer(of: entry, look, uses[entry.card.device.card], at: instant)
    }
    return GPUAnswer(gpus: gpus)
  }

  /// Seconds to rest after `read(at:)` returned nil.
  func rest(at instant: Double) -> Double {
    instant < Self.settling ? Self.sleepingRest : Self.emptyRest
  }

  private func answer(of entry: TrackedCard, _ look: RuntimePower.Look, _ use: DRMUse?, at instant: Double) -> GPU {
    let isUsed = (use?.busiest ?? 0) > 0.001
    if look == .asleep { return asleep(entry) }
    if look == .leaveAlone {
      if !isUsed, var latest = entry.latest {
        latest.age = max(0, instant - entry.readAt)
        return latest
      }
      entry.power.noteUse()
    }
    let gpu = entry.card.read(at: instant, buffer, use: use, isComplete: clients.isComplete)
    entry.latest = gpu
    entry.readAt = instant
    entry.power.note(isIdle: !isUsed && !(gpu.util > 0.01), at: instant)
    return gpu
  }

  private func asleep(_ entry: TrackedCard) -> GPU {
    entry.latest = nil
    var gpu = entry.card.identity
    gpu.state = .asleep
    return gpu
  }

  /// Adds new devices, and drops those that were removed or replaced.
  private func findDevices(at instant: Double) {
    readAt = instant
    let devices = DRMDevice.all(ofVendor: vendor, root: root)
    entries = devices.map { device in
      entries.first { $0.card.device == device } ?? TrackedCard(makeCard(device))
    }
  }
}
