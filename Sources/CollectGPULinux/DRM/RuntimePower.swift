internal import SystemIO

/// Decides whether a device may be read without waking it or keeping it awake.
///
/// The kernel suspends a device that has been unused for autosuspend_delay_ms if power/control is "auto"
/// (Documentation/power/runtime_pm.rst). Reading a sensor of a suspended device wakes it (older kernels) or fails.
/// Reading one of an idle device counts as use and restarts the delay, so a monitor that reads each second keeps a
/// laptop's GPU awake forever. Hence an idle device that could sleep is left alone for longer than its delay before the
/// next reading.
final class RuntimePower {
  /// Permitted access to a device.
  enum Look {
    /// Asleep: do not access.
    case asleep
    /// Awake and idle, and expected to fall asleep: do not access.
    case leaveAlone
    /// Read.
    case read
  }

  /// Seconds of idleness before a device is left alone.
  static let patience = 10.0

  private let folder: String
  private let status: SysfsFile
  private let buffer = ReadBuffer(capacity: 64)
  private var idleSince = Double.nan
  private var leaveUntil = -Double.infinity

  /// Creates the power state of the device in `deviceFolder`.
  init(deviceFolder: String) {
    folder = deviceFolder + "/power"
    status = SysfsFile(folder + "/runtime_status")
  }

  /// Permitted access at an instant of the boot-time clock.
  ///
  /// Reading the state itself does not wake the device: it is a kernel variable.
  func look(at instant: Double) -> Look {
    let sleeps =
      status.read(buffer) { bytes in
        // "suspended", "suspending"; else "active", "resuming", "unsupported", "error".
        bytes.starts(with: "suspend", at: 0)
      } ?? false
    if sleeps {
      idleSince = .nan
      leaveUntil = -.infinity
      return .asleep
    }
    return instant < leaveUntil ? .leaveAlone : .read
  }

  /// Records the result of a reading, and decides whether to leave the device alone from now on.
  func note(isIdle: Bool, at instant: Double) {
    guard isIdle else {
      idleSince = .nan
      leaveUntil = -.infinity
      return
    }
    if idleSince.isNaN { idleSince = instant }
    guard instant - idleSince >= Self.patience, Files.line(of: folder + "/control") == "auto" else { return }
    // EIO, and thus nil, if the device does not use a delay.
    let delay = Double(Files.number(of: folder + "/autosuspend_delay_ms") ?? 5_000) / 1_000
    // A negative delay forbids sleeping.
    guard delay >= 0 else { return }
    leaveUntil = instant + min(60, 2 * delay + 3)
  }

  /// Records use that was detected without accessing the device.
  func noteUse() {
    idleSince = .nan
    leaveUntil = -.infinity
  }
}
