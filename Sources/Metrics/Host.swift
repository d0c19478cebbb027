/// Identity of the machine: name, system, hardware and uptime.
package struct Host: MetricGroup, Hashable {
  package var hostname: String?
  /// Distribution name, "Debian GNU/Linux 12 (bookworm)".
  package var os: String?
  /// Kernel name and release, "Linux 6.1.0-18-amd64".
  package var kernel: String?
  /// Instruction set, as reported by uname(2): "x86_64".
  package var architecture: String?
  /// Board or product name, where the firmware reports it.
  package var product: String?
  /// POSIX time of boot; NaN where unknown.
  package var bootTime = Double.nan
  /// Seconds since boot, suspended time included; NaN where unknown.
  package var uptime = Double.nan
  /// Whether the machine is simulated: `agent --demo`.
  package var isDemo = false
  /// Open file handles in the whole system; NaN where unknown.
  package var openFiles = Double.nan
  /// System-wide limit of file handles; NaN where unknown.
  package var openFilesLimit = Double.nan

  package init() {}

  package static let table = Table<Host>([
    .text("hostname", "Host name", source: "/proc/sys/kernel/hostname", \.hostname),
    .text("os", "Name of the operating system", source: "/etc/os-release PRETTY_NAME", \.os),
    .text("kernel", "Kernel name and release", source: "/proc/sys/kernel/{ostype,osrelease}", \.kernel),
    .text("architecture", "Instruction set", source: "uname(2) machine", \.architecture),
    .text("product", "Board or product name", source: "devicetree model, DMI product_name", \.product),
    .flag("demo", "Present for a simulated machine", source: "agent --demo", \.isDemo, omitsFalse: true),
    .gauge("boot_time_seconds", .seconds, "POSIX time of boot", source: "/proc/stat btime", \.bootTime),
    .gauge("uptime_seconds", .seconds, "Time since boot", source: "/proc/uptime", \.uptime),
    .gauge("open_files", .count, "File handles in use", source: "/proc/sys/fs/file-nr", \.openFiles).titled(
      "Open files", "オープン中のファイル"),
    .gauge(
      "open_files_limit", .count, "Limit of file handles", source: "/proc/sys/fs/file-nr",
      \.openFilesLimit),
  ])
}
