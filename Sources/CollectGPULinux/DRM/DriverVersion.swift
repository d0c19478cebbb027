internal import SystemIO

/// The version of a kernel driver.
enum DriverVersion {
  /// Name of the driver with its own version if it was built outside the kernel, else with the kernel's: "amdgpu
  /// 6.10.5".
  static func text(of driver: String?, root: String) -> String? {
    guard let driver else { return nil }
    let version =
      Files.line(of: root + "/sys/module/" + driver + "/version")
      ?? Files.line(of: root + "/proc/sys/kernel/osrelease")
    return version.map { driver + " " + $0 } ?? driver
  }
}
