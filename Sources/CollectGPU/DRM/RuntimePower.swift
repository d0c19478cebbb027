internal import SystemIO

/// Whether a device may be looked at without waking it, or without keeping it from falling asleep.
///
/// The kernel puts a device to sleep once it has been unused for autosuspend_delay_ms, if power/control is "auto"
/// (Documentation/power/runtime_pm.rst). Reading a sensor of a sleeping one wakes it (older kernels) or fails; reading
/// one of an idle one counts as use and starts the delay anew, so that a monitor that reads each second keeps a laptop's
/// GPU awake for ever. Hence an idle device that could sleep is left alone for longer than its delay, then looked at.
final class RuntimePower {
  /// What may be done with a device.
  enum Look {
    /// It sleeps: not to be touched.
    case asleep
    /// It is awake, idle, and should be able to fall asleep: not to be touched either.
    case leaveAlone
    /// It may be read.
    case read
  }

  /// Seconds for which a device must have been idle before it is left alone.
  static let patience = 10.0

  private let folder: String
  private let status: SysfsFile
  private let buffer = ReadBuffer(capacity: 64)
  private var idleSince = Double.nan
  private var leaveUntil = -Double.infinity

  /// The power state of a device, by its folder.
  init(deviceFolder: String) {
    folder = deviceFolder + "/power"
    status = SysfsFile(folder + "/runtime_status")
  }

  /// What may be done at an instant of the boot-time clock.
  ///
  /// Reading the state itself wakes nothing: it is a variable of the kernel's.
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

  /// Takes note of what a reading found, and decides whether to leave the device alone from now on.
  func note(isIdle: Bool, at instant: Double) {
    guard isIdle else {
      idleSince = .nan
      leaveUntil = -.infinity
      return
    }
    if idleSince.isNaN { idleSince = instant }
    guard instant - idleSince >= Self.patience, Files.line(of: folder + "/control") == "auto" else { return }
    // EIO, and thus nil, where the device does not use a delay.
    let delay = Double(Files.number(of: folder + "/autosuspend_delay_ms") ?? 5_000) / 1_000
    // A negative delay forbids sleeping.
    guard delay >= 0 else { return }
    leaveUntil = instant + min(60, 2 * delay + 3)
  }

  /// Takes note of use that showed without touching the device.
  func noteUse() {
    idleSince = .nan
    leaveUntil = -.infinity
  }
}
