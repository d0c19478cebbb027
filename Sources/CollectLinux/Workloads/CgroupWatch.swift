internal import SystemIO

/// Notices of control groups that are made and removed below watched ones (inotify(7)).
///
/// A group's modification time does not change when a child comes or goes, so that a list of children is only read again
/// after a notice.
final class CgroupWatch {
  /// Events since the last call.
  struct Notices {
    /// Names of children that were made or removed, by the watch of their parent.
    var names: [Int32: Set<String>] = [:]
    /// Whether notices were lost.
    var isOverflown = false
  }

  /// Maximum watches; the kernel's default for a user is higher by far.
  static let maxWatches = 8_192
  /// Maximum names kept of one call; beyond them the whole tree is read again.
  private static let maxNames = 4_096

  private let descriptor: Int32
  private var count = 0
  private var buffer = [UInt8](repeating: 0, count: 16_384)

  /// Creates an inotify instance without watches.
  init() {
    descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Watches a folder; -1 if that is impossible or if there are too many.
  func add(_ path: String) -> Int32 {
    guard descriptor >= 0, count < Self.maxWatches else { return -1 }
    let watch = inotify_add_watch(
      descriptor, path, UInt32(IN_CREATE) | UInt32(IN_DELETE) | UInt32(IN_ONLYDIR))
    if watch >= 0 { count += 1 }
    return watch
  }

  /// Ends a watch; the kernel has ended that of a removed folder itself.
  func remove(_ watch: Int32) {
    guard watch >= 0 else { return }
    inotify_rm_watch(descriptor, watch)
    count -= 1
  }

  /// Takes the notices since the last call.
  func take() -> Notices {
    var notices = Notices()
    guard descriptor >= 0 else { return notices }
    var names = 0
    while true {
      let got = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      guard got > 0 else { return notices }
      var position = 0
      while let event = Self.event(buffer[..<got], &position) {
        if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { notices.isOverflown = true }
        guard event.mask & (UInt32(IN_CREATE) | UInt32(IN_DELETE)) != 0, event.mask & UInt32(IN_ISDIR) != 0 else {
          continue
        }
        names += 1
        if names > Self.maxNames {
          notices.isOverflown = true
        } else {
          notices.names[event.watch, default: []].insert(event.name)
        }
      }
    }
  }

  /// Takes the next event: the watch, the mask, a cookie, the length of the name, and the name, padded with NUL.
  private static func event(_ bytes: ArraySlice<UInt8>, _ position: inout Int) -> (
    watch: Int32, mask: UInt32, name: String
  )? {
    guard position + 16 <= bytes.endIndex else { return nil }
    let words = bytes[position..<(position + 16)].withUnsafeBytes { header in
      (0..<4).map { header.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self) }
    }
    let length = Int(words[3])
    guard position + 16 + length <= bytes.endIndex else { return nil }
    let name = bytes[(position + 16)..<(position + 16 + length)].prefix { $0 != 0 }
    position += 16 + length
    return (Int32(bitPattern: words[0]), words[1], String(decoding: name, as: UTF8.self))
  }
}
