internal import CSystemIO

/// Reads files and directories once, if keeping them open has no benefit.
package enum Files {
  /// Returns the contents of a file.
  ///
  /// - Throws: SystemError of open or read.
  package static func contents(of path: String, buffer: ReadBuffer = ReadBuffer()) throws(SystemError) -> [UInt8] {
    let descriptor = csystemio_open_read(path)
    if descriptor < 0 { throw SystemError("open " + path) }
    defer { csystemio_close(descriptor) }
    return try contents(of: descriptor, path, buffer)
  }

  /// Returns the contents of a file that a setting names: only of a regular file, since a named pipe waits for its writer
  /// and some devices never end.
  ///
  /// - Parameter limit: maximum bytes; a larger file is not read.
  /// - Throws: SystemError of open or read; its code is ``ErrorCode/notRegular``, ``ErrorCode/isFolder`` or
  ///   ``ErrorCode/tooLarge`` for those.
  package static func contents(ofNamed path: String, atMost limit: Int = 1 << 20) throws(SystemError) -> [UInt8] {
    var size: Int64 = 0
    let descriptor = csystemio_open_regular(path, &size)
    if descriptor < 0 { throw SystemError("open " + path) }
    defer { csystemio_close(descriptor) }
    if size > limit { throw SystemError("read " + path, code: ErrorCode.tooLarge) }
    let bytes = try contents(of: descriptor, path, ReadBuffer())
    // Files of /proc have a size of 0.
    if bytes.count > limit { throw SystemError("read " + path, code: ErrorCode.tooLarge) }
    return bytes
  }

  private static func contents(
    of descriptor: Int32, _ path: String, _ buffer: ReadBuffer
  ) throws(SystemError) -> [UInt8] {
    do {
      return try buffer.read(descriptor: descriptor, name: path) { bytes in
        [UInt8](unsafeUninitializedCapacity: bytes.count) { target, count in
          // Each of the bytes.count elements is initialized in the loop.
          for index in bytes.indices { target.initializeElement(at: index, to: bytes[index]) }
          count = bytes.count
        }
      }
    } catch let error as SystemError {
      throw error
    } catch {
      throw SystemError("read " + path, code: ErrorCode.io)
    }
  }

  /// The first line of a file as text, without surrounding white space; nil if absent, unreadable or empty.
  package static func line(of path: String) -> String? {
    guard let bytes = try? contents(of: path) else { return nil }
    // Device tree strings end in a NUL.
    let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != 0 }
    let text = line.drop(while: \.isBlank).reversed().drop(while: \.isBlank).reversed()
    return text.isEmpty ? nil : String(decoding: Array(text), as: UTF8.self)
  }

  /// The number that is a file's only content; nil if absent, unreadable or not a number.
  package static func number(of path: String) -> Int? {
    line(of: path).flatMap { Int($0) }
  }

  /// Names in a directory without `.` and `..`, unordered; empty if absent or unreadable.
  package static func names(in path: String) -> [String] {
    var names: [String] = []
    try? forEachName(in: path) { name in
      names.append(name)
      return true
    }
    return names
  }

  /// Passes the names in a directory to `body`, without `.` and `..`, unordered, until it returns false.
  ///
  /// - Throws: SystemError of opening it.
  package static func forEachName(in path: String, _ body: (String) -> Bool) throws(SystemError) {
    guard let folder = csystemio_folder_open(path) else { throw SystemError("open " + path) }
    defer { csystemio_folder_close(folder) }
    while let name = csystemio_folder_next(folder), body(String(cString: name)) {}
  }

  /// Whether a path exists; false for a dangling symbolic link.
  package static func exists(_ path: String) -> Bool {
    csystemio_may_access(path, Int32(CSYSTEMIO_EXISTS)) != 0
  }

  /// Whether a file may be run; on Windows, whether it is named as a program.
  package static func isExecutable(_ path: String) -> Bool {
    csystemio_may_access(path, Int32(CSYSTEMIO_EXECUTABLE)) != 0
  }

  /// Whether a file or directory may be written.
  package static func isWritable(_ path: String) -> Bool {
    csystemio_may_access(path, Int32(CSYSTEMIO_WRITABLE)) != 0
  }

  /// Target of a symbolic link; nil if it is not a link.
  package static func link(_ path: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: 4_096)
    let capacity = bytes.count
    let count = bytes.withUnsafeMutableBytes { buffer in
      buffer.withMemoryRebound(to: CChar.self) { csystemio_link_target(path, $0.baseAddress, Int64(capacity)) }
    }
    return count > 0 ? String(decoding: bytes.prefix(Int(count)), as: UTF8.self) : nil
  }

  /// Replaces the contents of a file atomically; refuses anything but a regular file.
  ///
  /// - Parameters:
  ///   - mode: POSIX permissions of the file.
  ///   - isSynced: whether to wait for the disk, so that a power failure leaves the old contents or the new ones.
  package static func replace(
    _ path: String, with text: String, mode: Int32, isSynced: Bool = false
  ) throws(SystemError) {
    try replace(path, with: Array(text.utf8), mode: mode, isSynced: isSynced)
  }

  /// Writes a whole file under another name, which then replaces it.
  package static func replace(
    _ path: String, with bytes: [UInt8], mode: Int32, isSynced: Bool = false
  ) throws(SystemError) {
    let step = bytes.withUnsafeBufferPointer {
      csystemio_replace_file(path, $0.baseAddress, Int64($0.count), mode, isSynced ? 1 : 0)
    }
    switch Int(step) {
    case 0: return
    case CSYSTEMIO_OPEN_FAILED: throw SystemError("open \(path)")
    case CSYSTEMIO_WRITE_FAILED: throw SystemError("write \(path)")
    case CSYSTEMIO_SYNC_FAILED: throw SystemError("fsync \(path)")
    default: throw SystemError("replace \(path)")
    }
  }

  /// Writes a new file; fails if the name exists, even as a dangling link.
  ///
  /// - Parameter mode: POSIX permissions.
  package static func create(_ path: String, with text: String, mode: Int32) throws(SystemError) {
    var text = text
    let result = text.withUTF8 { csystemio_create_file(path, $0.baseAddress, Int64($0.count), mode) }
    if result != 0 { throw SystemError("create " + path) }
  }

  /// Makes an empty file that only its owner may read, unless it exists; fails for a link that another user has made.
  package static func makePrivate(_ path: String) throws(SystemError) {
    if csystemio_make_private(path) != 0 { throw SystemError("open " + path) }
  }

  /// Checks that a file is absent or a regular one.
  ///
  /// - Parameter isWritten: whether to refuse another user's file in a folder that all users may write to, too.
  package static func check(_ path: String, isWritten: Bool) throws(SystemError) {
    if csystemio_check_file(path, isWritten ? 1 : 0) != 0 { throw SystemError("open " + path) }
  }

  /// The path that symbolic links lead to, whether it exists or not; fails for another user's link.
  package static func resolved(_ path: String) throws(SystemError) -> String {
    var text = [CChar](repeating: 0, count: 4_096)
    if csystemio_resolve(path, &text, Int64(text.count)) != 0 { throw SystemError("open " + path) }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Whether a file has several names (hard links).
  package static func hasOtherNames(_ path: String) -> Bool { csystemio_link_count(path) > 1 }

  /// The bytes of a file; nil if it does not exist.
  package static func size(_ path: String) -> Int64? {
    let size = csystemio_size_of(path)
    return size < 0 ? nil : size
  }

  /// Whether a file belongs to another user than this one, root and the folder's owner.
  package static func isForeign(_ path: String) -> Bool { csystemio_is_foreign(path) != 0 }

  /// Renames a file, replacing any other.
  package static func rename(_ path: String, to name: String) throws(SystemError) {
    if csystemio_rename(path, name) != 0 { throw SystemError("rename " + path) }
  }

  /// Makes a directory; returns false if it exists or cannot be made.
  @discardableResult
  package static func makeFolder(_ path: String, mode: Int32) -> Bool {
    csystemio_make_folder(path, mode) == 0
  }
}

/// Device and number of a file: distinguishes two files of one name.
package struct FileIdentity: Equatable, Sendable {
  package let device: UInt64
  package let number: UInt64

  /// Identity of the file of a name; nil if it does not exist.
  package init?(_ path: String) {
    var identity = csystemio_identity()
    guard csystemio_identity_of(path, &identity) == 0 else { return nil }
    device = identity.device
    number = identity.number
  }
}

/// An exclusive lock of a file, which is created if needed; ends with the process, even if it is killed.
package final class FileLock: Sendable {
  private let descriptor: Int32

  /// Takes the lock.
  ///
  /// A killed process may keep its lock for some milliseconds more: until the kernel has freed its memory, and until a
  /// child that it was just starting, which has a copy of the descriptor between fork(2) and exec(2), runs its program.
  ///
  /// - Parameter waitsOnce: called while another process has the lock; pauses before the next try, or returns false to
  ///   give up.
  /// - Throws: SystemError; its code is ``ErrorCode/wouldBlock`` if another process has the lock.
  package init(_ path: String, waitsOnce: () -> Bool = { false }) throws(SystemError) {
    var opened = csystemio_lock_file(path)
    while opened < 0 {
      let error = SystemError("lock " + path)
      guard error.code == ErrorCode.wouldBlock, waitsOnce() else { throw error }
      opened = csystemio_lock_file(path)
    }
    // Last: a throw after it would run `deinit` as well, and close a number that is not this lock's.
    descriptor = opened
  }

  deinit { csystemio_unlock_file(descriptor) }
}
