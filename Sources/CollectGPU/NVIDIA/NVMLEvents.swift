internal import CNVML
internal import SystemIO

/// Numbers of the errors reported by the driver (Xid).
///
/// They are fetched without waiting; if that fails or takes long, it is given up.
final class NVMLEvents {
  /// Maximum seconds for fetching.
  private static let patience = 0.005
  /// nvmlEventTypeXidCriticalError.
  private static let error: UInt64 = 8

  private let wait: NVML.WaitForEvent
  private let release: NVML.FreeEvents?
  private let events: OpaquePointer
  private var delays = 0
  private var isUseless = false

  /// Registers devices for error events; nil if none supports them.
  init?(_ nvml: NVML, _ devices: [NVML.Device]) {
    var events: OpaquePointer?
    guard let functions = nvml.events, functions.make(&events) == 0, let events else { return nil }
    wait = functions.wait
    release = functions.free
    self.events = events
    // Registers all of them, not only up to the first success.
    let registered = devices.map { functions.register($0, Self.error, events) == 0 }
    guard registered.contains(true) else {
      free()
      return nil
    }
  }

  /// The last error of each device since the last call.
  func newest() -> [NVML.Device: UInt64] {
    if isUseless { return [:] }
    let start = Clock.monotonic
    var errors: [NVML.Device: UInt64] = [:]
    for _ in 0..<64 {
      var event = CNVMLEvent()
      let status = NVML.Status(code: wait(events, &event, 0))
      if status != .success {
        // A lost device is reported elsewhere.
        isUseless = isUseless || !(status == .timeout || status.isLost)
        break
      }
      if event.type & Self.error != 0, let device = event.device { errors[OpaquePointer(device)] = event.data }
    }
    delays = Clock.monotonic - start > Self.patience ? delays + 1 : 0
    if delays > 3 { isUseless = true }
    return errors
  }

  /// Ends the events; call once, before the library is shut down.
  func free() {
    _ = release?(events)
  }
}
