import Glibc

/// Counts how often files in some folders are opened or read, by inotify(7).
final class DRMOpenCounter {
  private let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
  private var names: [Int32: String] = [:]

  /// Watches the files that lie directly in `folders`.
  init(_ folders: [String]) {
    precondition(descriptor >= 0)
    for folder in folders {
      let watch = inotify_add_watch(descriptor, folder, UInt32(IN_OPEN | IN_ACCESS))
      precondition(watch >= 0, "cannot watch \(folder)")
      names[watch] = folder
    }
  }

  deinit { close(descriptor) }

  /// Paths of the files opened or read since the last call, without the folders themselves.
  func paths() -> [String] {
    var paths: [String] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count <= 0 { return paths }
      var position = 0
      // struct inotify_event: wd, mask, cookie, len, then the name with its padding.
      while position + 16 <= count {
        let (watch, mask, length) = buffer.withUnsafeBytes { bytes in
          (
            bytes.loadUnaligned(fromByteOffset: position, as: Int32.self),
            bytes.loadUnaligned(fromByteOffset: position + 4, as: UInt32.self),
            Int(bytes.loadUnaligned(fromByteOffset: position + 12, as: UInt32.self))
          )
        }
        let name = buffer[(position + 16)..<min(count, position + 16 + length)].prefix { $0 != 0 }
        if mask & UInt32(IN_ISDIR) == 0 {
          paths.append((names[watch] ?? "") + "/" + String(decoding: name, as: UTF8.self))
        }
        position += 16 + length
      }
    }
  }
}
