internal import CSystemIO

/// Reads files and directories once, if keeping them open has no benefit.
package enum Files {
  /// Returns the contents of a file.
  ///
  /// - Throws: SystemError of open or read.
  package static func contents(of path: String, buffer: ReadBuffer = ReadBuffer()) throws(SystemError) -> [UInt8] {
    let descriptor = csystemio_open_read(path)
    if descriptor < 0 { throw SystemError("open " + path) }
    defer { _ = systemClose(descriptor) }
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
      throw SystemError("read " + path, code: EIO)
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
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Whether a path exists; false for a dangling symbolic link.
  package static func exists(_ path: String) -> Bool {
    access(path, F_OK) == 0
  }

  /// Target of a symbolic link; nil if it is not a link.
  package static func link(_ path: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: 4_096)
    let capacity = bytes.count
    let count = bytes.withUnsafeMutableBytes { buffer in
      buffer.withMemoryRebound(to: CChar.self) { text in
        text.baseAddress.map { readlink(path, $0, capacity) } ?? -1
      }
    }
    return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
  }
}
