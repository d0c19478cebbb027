internal import AgentMetrics
internal import SystemIO

/// One device of the direct rendering manager, as its driver is to be read.
protocol DRMCard: AnyObject {
  /// The device.
  var device: DRMDevice { get }
  /// Whether the driver touches the device to answer for its clients, which keeps it awake.
  var wakesForClients: Bool { get }
  /// What is known without touching it: names and addresses, and its size once it has been told.
  var identity: GPU { get }
  /// Reads it now.
  func read(at instant: Double, _ buffer: ReadBuffer, use: DRMUse?, isComplete: Bool) -> GPU
}

/// All devices of one vendor that the kernel has a driver for, and when to touch them.
final class DRMSource {
  /// Seconds between two looks for devices that came or went.
  static let period = 10.0
  /// Seconds to rest while all devices sleep.
  static let sleepingRest = 5.0
  /// Seconds to rest where there is no device.
  static let emptyRest = 300.0
  /// Seconds after boot in which a driver may still be about to be loaded.
  static let settling = 180.0

  /// A device and its state.
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
  /// The processes that use the devices.
  let clients: DRMClients

  /// The devices of a PCI vendor; `readsClients` says whether a device's clients may be asked for.
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

  /// Reads those devices that may be touched; nil where there is none.
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

  /// Seconds to rest after read(at:) gave nil.
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

  /// Takes up devices that came, and drops those that went or are others now.
  private func findDevices(at instant: Double) {
    readAt = instant
    let devices = DRMDevice.all(ofVendor: vendor, root: root)
    entries = devices.map { device in
      entries.first { $0.card.device == device } ?? TrackedCard(makeCard(device))
    }
  }
}
