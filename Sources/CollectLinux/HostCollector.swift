package import AgentMetrics
package import Collect
internal import SystemIO

/// The machine itself: names from firmware, kernel and distribution, and its uptime.
///
/// Facts that are constant while a kernel runs are read once. The host name and the boot time can change but seldom do:
/// they are read at every 30th read, the boot time also after a change of the wall clock, which shifts it. Without
/// access to /proc/stat or /proc/uptime, as on Android, the boot time is calculated from the uptime, and the uptime is
/// read from the clock.
package final class HostCollector: Collector {
  package let name = "host"

  private static let rest = 30

  private let root: String
  private let isLive: Bool
  private let buffer = ReadBuffer(capacity: 4_096)
  private var uptime: BackoffFile
  private var fileNumbers: BackoffFile
  private let hostnameFile: PersistentFile
  private let statFile: PersistentFile
  private var facts: Host?
  private var resting = 0
  private var clockOffset = Double.nan

  /// Creates a collector that reads /proc, /sys and /etc under `root`.
  package init(root: String) {
    self.root = root
    isLive = isRunningMachine(root: root)
    uptime = BackoffFile(root + "/proc/uptime")
    fileNumbers = BackoffFile(root + "/proc/sys/fs/file-nr")
    hostnameFile = PersistentFile(root + "/proc/sys/kernel/hostname")
    statFile = PersistentFile(root + "/proc/stat")
  }

  /// Writes `reading.host`; uses the timestamp of the reading.
  package func read(into reading: inout Reading) throws(CollectorError) {
    var host = facts ?? HostFacts.read(root: root)
    let offset = reading.timestamp.seconds - reading.boottime
    if resting == 0 || abs(offset - clockOffset) > 0.5 {
      resting = Self.rest
      clockOffset = offset
      readHostname(into: &host)
      host.bootTime = statFile.readIfPresent(into: buffer) { Self.metric(StatParser.bootTime($0)) } ?? .nan
    }
    resting -= 1
    host.uptime = uptime.readIfPresent(into: buffer) { UptimeParser.uptime($0) } ?? (isLive ? reading.boottime : .nan)
    if isLive, host.bootTime.isNaN { host.bootTime = (reading.timestamp.seconds - host.uptime).rounded() }
    facts = host
    let files = fileNumbers.readIfPresent(into: buffer) { FileNumbersParser.parse($0) } ?? nil
    host.openFiles = files.map { Double($0.allocated > $0.free ? $0.allocated - $0.free : 0) } ?? .nan
    // LONG_MAX, the default of systemd and of 64-bit kernels today, is no limit.
    host.openFilesLimit = files?.maximum.flatMap { $0 < UInt64(Int64.max) ? Double($0) : nil } ?? .nan
    reading.host = host
  }

  private func readHostname(into host: inout Host) {
    let isNamed = hostnameFile.readIfPresent(into: buffer) { bytes in
      var position = 0
      guard let word = bytes.word(&position) else { return false }
      if let hostname = host.hostname, bytes.equals(word, hostname) { return true }
      host.hostname = bytes.string(word)
      return true
    }
    if isNamed != true { host.hostname = nil }
  }

  private static func metric(_ value: UInt64?) -> Double {
    value.map { Double($0) } ?? .nan
  }
}

/// Facts that are constant while a kernel runs.
package enum HostFacts {
  static func read(root: String) -> Host {
    var host = Host()
    // os-release(5): the first is the administrator's, the second the distribution's.
    for path in ["/etc/os-release", "/usr/lib/os-release"] where host.os == nil {
      host.os = (try? Files.contents(of: root + path)).flatMap { OSReleaseParser.prettyName($0.span) }
    }
    let kernel = ["/proc/sys/kernel/ostype", "/proc/sys/kernel/osrelease"].compactMap { Files.line(of: root + $0) }
    host.kernel = kernel.count == 2 ? kernel.joined(separator: " ") : nil
    // Since kernel 6.1. A recording has no alternative; in the kernel's proc `self` is a link.
    let isLive = isRunningMachine(root: root)
    host.architecture = Files.line(of: root + "/proc/sys/kernel/arch") ?? (isLive ? machine : nil)
    host.product = product(root: root)
    return host
  }

  /// The board's name from the device tree of ARM, RISC-V and POWER boards; nil on others.
  static func board(root: String) -> String? {
    Files.line(of: root + "/sys/firmware/devicetree/base/model") ?? Files.line(of: root + "/proc/device-tree/model")
  }

  private static func product(root: String) -> String? {
    if let board = board(root: root) { return board }
    for name in ["product_name", "board_name"] {
      if let text = Files.line(of: root + "/sys/class/dmi/id/" + name), !isPlaceholder(text) { return text }
    }
    return nil
  }

  /// Whether a text is a placeholder that the maker did not replace.
  private static func isPlaceholder(_ text: String) -> Bool {
    let placeholders = [
      "to be filled by o.e.m.", "to be filled by oem", "system product name", "default string", "not specified",
      "not applicable", "o.e.m.", "oem", "none", "n/a", "unknown", "undefined", "empty", "invalid",
    ]
    return placeholders.contains(text.lowercased())
  }

  /// The instruction set reported by uname(2).
  package static var machine: String? {
    var names = utsname()
    guard uname(&names) == 0 else { return nil }
    return withUnsafeBytes(of: &names.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

/// Parser of /proc/uptime (proc_uptime(5)).
enum UptimeParser {
  /// The first number, seconds since boot; or NaN.
  static func uptime(_ bytes: Span<UInt8>) -> Double {
    var position = 0
    return bytes.decimal(&position) ?? .nan
  }
}

/// Parser of /proc/sys/fs/file-nr (Documentation/admin-guide/sysctl/fs.rst): allocated handles, free handles (0 since
/// kernel 2.6), maximum.
package enum FileNumbersParser {
  /// The three numbers; the maximum is nil if the text is cut off before it.
  package static func parse(_ bytes: Span<UInt8>) -> (allocated: UInt64, free: UInt64, maximum: UInt64?)? {
    var position = 0
    guard let allocated = bytes.unsigned(&position), let free = bytes.unsigned(&position) else { return nil }
    return (allocated, free, bytes.unsigned(&position))
  }
}

/// Parser of os-release(5): shell assignments, one on a line.
package enum OSReleaseParser {
  /// The value of PRETTY_NAME, else of NAME; nil without either.
  static func prettyName(_ bytes: Span<UInt8>) -> String? {
    value(bytes, of: "PRETTY_NAME") ?? value(bytes, of: "NAME")
  }

  /// The value of a variable; nil if absent or empty.
  package static func value(_ bytes: Span<UInt8>, of variable: String) -> String? {
    var position = 0
    while position < bytes.count {
      let end = position + variable.utf8.count
      if bytes.byte(at: end) == UInt8(ascii: "="), bytes.equals(position..<end, variable) {
        return value(bytes, end + 1)
      }
      bytes.skipLine(&position)
    }
    return nil
  }

  /// The value of a shell assignment, without quotes and backslashes; nil if empty.
  private static func value(_ bytes: Span<UInt8>, _ start: Int) -> String? {
    var position = start
    var value: [UInt8] = []
    var quote: UInt8?
    while let byte = bytes.byte(at: position), byte != UInt8(ascii: "\n") {
      position += 1
      if byte == quote {
        quote = nil
      } else if quote == nil, byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        quote = byte
      } else if byte == UInt8(ascii: "\\"), quote != UInt8(ascii: "'"), let next = bytes.byte(at: position),
        next != UInt8(ascii: "\n")
      {
        value.append(next)
        position += 1
      } else {
        value.append(byte)
      }
    }
    while let last = value.last, last.isBlankOrNewline { value.removeLast() }
    return value.isEmpty ? nil : String(decoding: value, as: UTF8.self)
  }
}
