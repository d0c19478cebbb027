internal import CTaskstats
internal import SystemIO

/// Whether this process may receive the statistics of tasks that end, which needs CAP_NET_ADMIN.
package enum ExitAccess: Hashable, Sendable {
  case allowed
  /// In a container with pids of its own.
  case otherNamespace
  case noKernelSupport
  /// The text of the system's error.
  case refused(String)

  /// Tries it.
  package static var current: ExitAccess {
    guard hasPidsOfMachine else { return .otherNamespace }
    let descriptor = open()
    guard descriptor < 0 else {
      SystemIO.close(descriptor)
      return .allowed
    }
    return ExitAccess(error: -descriptor)
  }

  /// Classifies an errno of ``open()``.
  init(error: Int32) {
    let isAbsent = error == ErrorCode.notFound || error == EPROTONOSUPPORT
    self = isAbsent ? .noKernelSupport : .refused(SystemError.text(of: error))
  }

  /// Whether /proc has the pids that the kernel reports: those of the first namespace (include/linux/proc_ns.h,
  /// PROC_PID_INIT_INO).
  static var hasPidsOfMachine: Bool { Files.link("/proc/self/ns/pid") == "pid:[4026531836]" }

  /// Opens a socket that receives them; a negated errno without permission.
  static func open() -> Int32 {
    let text = try? Files.contents(of: "/sys/devices/system/cpu/possible")
    return ctaskstats_open(text.map { String(decoding: $0.prefix { $0 > 0x20 }, as: UTF8.self) } ?? "0")
  }
}
