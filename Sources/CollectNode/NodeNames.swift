internal import CollectLinux
internal import NodeMetrics
internal import SystemIO

/// Names of the system: the files of /proc/sys/kernel with the values of uname(2), and os-release(5).
final class NodeNames {
  private let hostname: BackoffText
  private let domain: BackoffText
  private let type: String
  private let release: String
  private let version: String
  private let machine: String
  /// Labels and values of os-release(5); empty without such a file.
  let distribution: [(key: String, value: String)]

  init(root: String, isLive: Bool) {
    let folder = root + "/proc/sys/kernel/"
    hostname = BackoffText(folder + "hostname")
    domain = BackoffText(folder + "domainname")
    type = Files.line(of: folder + "ostype") ?? "Linux"
    release = Files.line(of: folder + "osrelease") ?? ""
    version = Files.line(of: folder + "version") ?? ""
    // Since kernel 6.1; the only source in a recording.
    machine = Files.line(of: folder + "arch") ?? (isLive ? HostFacts.machine : nil) ?? ""
    distribution = Self.distribution(root: root)
  }

  /// The names of uname(2); nil without a host name.
  func read(_ buffer: ReadBuffer) -> NodeReading.SystemNames? {
    guard let node = hostname.read(buffer) else { return nil }
    var names = NodeReading.SystemNames()
    names.domain = domain.read(buffer) ?? "(none)"
    names.machine = machine
    names.node = node
    names.release = release
    names.system = type
    names.version = version
    return names
  }

  /// The values that node_exporter exposes, empty for absent variables; an empty list without the file.
  private static func distribution(root: String) -> [(key: String, value: String)] {
    let paths = ["/etc/os-release", "/usr/lib/os-release"]
    guard let bytes = paths.lazy.compactMap({ try? Files.contents(of: root + $0) }).first else { return [] }
    let keys: [(key: String, variable: String)] = [
      ("build_id", "BUILD_ID"), ("id", "ID"), ("id_like", "ID_LIKE"), ("image_id", "IMAGE_ID"),
      ("image_version", "IMAGE_VERSION"), ("name", "NAME"), ("pretty_name", "PRETTY_NAME"), ("variant", "VARIANT"),
      ("variant_id", "VARIANT_ID"), ("version", "VERSION"), ("version_codename", "VERSION_CODENAME"),
      ("version_id", "VERSION_ID"),
    ]
    return keys.map { ($0.key, OSReleaseParser.value(bytes.span, of: $0.variable) ?? "") }
  }
}

/// A file with one line; its String is created only after a change.
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
