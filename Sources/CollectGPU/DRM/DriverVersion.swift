internal import SystemIO

/// The version of a kernel driver.
enum DriverVersion {
  /// Its name with its own version where it was built beside the kernel, else with the kernel's: "amdgpu 6.10.5".
  static func text(of driver: String?, root: String) -> String? {
    guard let driver else { return nil }
    let version =
      Files.line(of: root + "/sys/module/" + driver + "/version")
      ?? Files.line(of: root + "/proc/sys/kernel/osrelease")
    return version.map { driver + " " + $0 } ?? driver
  }
}
