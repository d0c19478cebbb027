internal import PrometheusExport
internal import SystemIO

/// Names of the system: uname(2), or the equivalent files of /proc/sys/kernel in a recording; os-release(5).
final class NodeNames {
  private let hostname: BackoffText
  private let domain: BackoffText
  private let type: String
  private let release: String
  private let version: String
  private let machine: String
  private let distribution: [(key: StaticString, value: String)]

  init(root: String, isLive: Bool) {
    let folder = root + "/proc/sys/kernel/"
    hostname = BackoffText(folder + "hostname")
    domain = BackoffText(folder + "domainname")
    type = Files.line(of: folder + "ostype") ?? "Linux"
    release = Files.line(of: folder + "osrelease") ?? ""
    version = Files.line(of: folder + "version") ?? ""
    // Since kernel 6.1; a recording has no alternative.
    machine = Files.line(of: folder + "arch") ?? (isLive ? HostFacts.machine : nil) ?? ""
    distribution = Self.distribution(root: root)
  }

  func write(_ buffer: ReadBuffer, to exposition: inout Exposition) -> NodeGroups {
    var groups: NodeGroups = []
    if let nodename = hostname.read(buffer) {
      exposition.family("node_uname_info", .gauge, "Names of the system from uname(2); always 1")
      exposition.sample()
      exposition.label("domainname", domain.read(buffer) ?? "(none)")
      exposition.label("machine", machine)
      exposition.label("nodename", nodename)
      exposition.label("release", release)
      exposition.label("sysname", type)
      exposition.label("version", version)
      exposition.value(1 as UInt64)
      groups.insert(.uname)
    }
    if !distribution.isEmpty {
      exposition.family("node_os_info", .gauge, "The distribution from os-release(5); always 1")
      exposition.sample()
      for (key, value) in distribution { exposition.label(key, value) }
      exposition.value(1 as UInt64)
      groups.insert(.system)
    }
    return groups
  }

  /// Values that node_exporter exports, empty if the file lacks them; no values without a file.
  private static func distribution(root: String) -> [(key: StaticString, value: String)] {
    let paths = ["/etc/os-release", "/usr/lib/os-release"]
    guard let bytes = paths.lazy.compactMap({ try? Files.contents(of: root + $0) }).first else { return [] }
    let keys: [(key: StaticString, variable: String)] = [
      ("build_id", "BUILD_ID"), ("id", "ID"), ("id_like", "ID_LIKE"), ("image_id", "IMAGE_ID"),
      ("image_version", "IMAGE_VERSION"), ("name", "NAME"), ("pretty_name", "PRETTY_NAME"), ("variant", "VARIANT"),
      ("variant_id", "VARIANT_ID"), ("version", "VERSION"), ("version_codename", "VERSION_CODENAME"),
      ("version_id", "VERSION_ID"),
    ]
    return keys.map { ($0.key, OSReleaseParser.value(bytes.span, of: $0.variable)) }
  }
}

/// A file with one line, whose text is created only when it changes.
final class BackoffText {
  private let file: PersistentFile
  private var text: String?

  init(_ path: String) {
    file = PersistentFile(path)
  }

  /// Its first word; nil if absent or empty.
  func read(_ buffer: ReadBuffer) -> String? {
    let isThere = file.readIfPresent(into: buffer) { bytes in
      var position = 0
      guard let word = bytes.word(&position) else { return false }
      if let text, bytes.equals(word, text) { return true }
      text = bytes.string(word)
      return true
    }
    return isThere == true ? text : nil
  }
}

/// Parser of os-release(5): shell assignments, one per line.
enum OSReleaseParser {
  /// The value of a variable, or an empty text.
  static func value(_ bytes: Span<UInt8>, of variable: String) -> String {
    var position = 0
    while position < bytes.count {
      let end = position + variable.utf8.count
      if bytes.byte(at: end) == UInt8(ascii: "="), bytes.equals(position..<end, variable) {
        return HostParser.value(bytes, end + 1) ?? ""
      }
      bytes.skipLine(&position)
    }
    return ""
  }
}
