internal import Collect
internal import SystemIO

/// Names of users by number: /etc/passwd, and on the running machine its other name services.
///
/// A name service may query a directory over the network and hang, so it runs on a thread of its own. Until it answers,
/// and for an unknown user, the number is used as the name.
final class UserNames {
  private let path: String
  private let asksNameService: Bool
  private var names: [UInt64: String] = [:]
  private var modified = timespec()
  /// Pending and finished lookups of numbers that are not in /etc/passwd.
  private var asked: [UInt64: BlockingSource<String?>] = [:]

  /// Creates a table of /etc/passwd under `root`.
  init(root: String) {
    path = root + "/etc/passwd"
    asksNameService = root.isEmpty
  }

  /// Reads the file again if it was changed.
  func refresh() {
    var status = stat()
    guard stat(path, &status) == 0 else {
      names = [:]
      modified = timespec()
      return
    }
    let time = status.st_mtim
    if time.tv_sec == modified.tv_sec, time.tv_nsec == modified.tv_nsec { return }
    modified = time
    names = (try? Files.contents(of: path)).map { PasswdParser.names($0.span) } ?? [:]
    asked = [:]
  }

  /// The name, else the number.
  func name(of user: UInt64) -> String {
    if let name = names[user] { return name }
    guard asksNameService, let id = uid_t(exactly: user) else { return String(user) }
    if let source = asked[user] {
      return (source.answer(waiting: 0).answer ?? nil) ?? String(user)
    }
    // One at a time, and a bounded number: containers use numbers without a user.
    guard asked.count < 256, !asked.values.contains(where: { $0.asking != nil }) else { return String(user) }
    let source = BlockingSource { Self.nameServiceName(of: id) }
    asked[user] = source
    source.ask()
    return (source.answer(waiting: 0).answer ?? nil) ?? String(user)
  }

  private static func nameServiceName(of user: uid_t) -> String? {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var texts = [CChar](repeating: 0, count: 16_384)
    guard getpwuid_r(user, &entry, &texts, texts.count, &found) == 0, found != nil, let name = entry.pw_name else {
      return nil
    }
    // Points into `texts`, which is still alive.
    return String(cString: name)
  }
}

/// Parser of passwd(5): `name:password:uid:…`.
enum PasswdParser {
  /// Names by number; the first of several with the same number counts.
  static func names(_ bytes: Span<UInt8>) -> [UInt64: String] {
    var names: [UInt64: String] = [:]
    var position = 0
    while position < bytes.count {
      let start = position
      while let byte = bytes.byte(at: position), byte != UInt8(ascii: ":"), byte != UInt8(ascii: "\n") { position += 1 }
      let name = start..<position
      if bytes.skip(":", &position) {
        while let byte = bytes.byte(at: position), byte != UInt8(ascii: ":"), byte != UInt8(ascii: "\n") {
          position += 1
        }
        if bytes.skip(":", &position), bytes.byte(at: position)?.isDigit == true, let user = bytes.unsigned(&position),
          !name.isEmpty, names[user] == nil
        {
          names[user] = bytes.string(name)
        }
      }
      bytes.skipLine(&position)
    }
    return names
  }
}
