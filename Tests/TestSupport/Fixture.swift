import Glibc

/// A recorded machine: a tree with the `proc`, `sys` and `etc` that the collectors read.
///
/// Copies lie in a temporary folder that the end of the test process removes.
package struct Fixture: Sendable {
  /// Root for collectors.
  package let root: String

  /// A machine of Tests/Fixtures by its name; read-only.
  package init(_ machine: String) {
    root = Self.folder + "/" + machine
    precondition(access(root, F_OK) == 0, "no fixture \(machine)")
  }

  /// A machine composed of files, path → contents, "proc/stat" → "cpu 1 2 3".
  package init(files: [String: String]) throws {
    root = try Self.temporary()
    for (path, text) in files { try write(text, to: path) }
  }

  private init(copyOf other: String) throws {
    root = try Self.temporary()
    try Self.copy(other, over: root, leavingOut: "later")
    // The overlay stays beside the copy, so that the copy can be advanced.
    if access(other + "/later", F_OK) == 0 { try Self.copy(other + "/later", over: root + "/later") }
  }

  /// Creates a writable copy.
  package func copy() throws -> Fixture {
    try Fixture(copyOf: root)
  }

  /// Root of a temporary copy of the machine at the second instant.
  package func later() throws -> String {
    let copy = try copy()
    try copy.advance()
    return copy.root
  }

  /// Advances a copy to the second instant: the files of `later/` are written over the others, in place, so that open
  /// descriptors see the change, as in /proc.
  package func advance() throws {
    if access(root + "/later", F_OK) == 0 { try Self.copy(root + "/later", over: root) }
    // Files that the second instant no longer has.
    guard access(root + "/gone", F_OK) == 0 else { return }
    for path in String(decoding: try contents(of: "gone"), as: UTF8.self).split(separator: "\n") {
      remove(String(path))
    }
  }

  /// Writes a file of a copy, in place if it exists.
  package func write(_ text: String, to path: String) throws {
    try write(Array(text.utf8), to: path)
  }

  /// Writes a file of a copy, in place if it exists.
  package func write(_ bytes: [UInt8], to path: String) throws {
    try Self.write(bytes, to: root + "/" + path)
  }

  /// Creates a symbolic link in a copy.
  package func link(_ path: String, to target: String) throws {
    try Self.makeParent(of: root + "/" + path)
    try check(symlink(target, root + "/" + path), "link " + path)
  }

  /// Removes a file or a folder with its contents from a copy.
  package func remove(_ path: String) {
    Self.remove(root + "/" + path)
  }

  /// The contents of a file.
  package func contents(of path: String) throws -> [UInt8] {
    try Self.contents(of: root + "/" + path)
  }

  /// The names of all machines of Tests/Fixtures.
  package static let machines = names(in: folder).filter { access(folder + "/" + $0 + "/proc", F_OK) == 0 }.sorted()

  /// Tests/Fixtures, relative to this file.
  private static let folder: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return parts.dropLast(2).joined(separator: "/") + "/Fixtures"
  }()

  /// The folder of all of this process's copies.
  private static let temporaryFolder: String = {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array((base + "/fixtures.XXXXXX").utf8CString)
    precondition(mkdtemp(&template) != nil, "no temporary folder")
    atexit { Fixture.remove(Fixture.temporaryFolder) }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }()

  private static func temporary() throws -> String {
    var template = Array((temporaryFolder + "/XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw FixtureError("no temporary folder") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func names(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  private static func copy(_ source: String, over target: String, leavingOut: String? = nil) throws {
    var status = stat()
    try check(lstat(source, &status), "copy " + source)
    switch status.st_mode & S_IFMT {
    case S_IFDIR:
      if mkdir(target, 0o755) != 0, errno != EEXIST { throw FixtureError("make " + target) }
      for name in names(in: source) where name != leavingOut {
        try copy(source + "/" + name, over: target + "/" + name)
      }
    case S_IFLNK:
      var bytes = [UInt8](repeating: 0, count: 4_096)
      let count = bytes.withUnsafeMutableBytes { buffer in
        buffer.baseAddress.map { readlink(source, $0, buffer.count) } ?? -1
      }
      try check(Int32(clamping: count), "read link " + source)
      unlink(target)
      try check(symlink(String(decoding: bytes[..<count], as: UTF8.self), target), "link " + target)
    default:
      try write(contents(of: source), to: target)
    }
  }

  private static func contents(of path: String) throws -> [UInt8] {
    guard let file = fopen(path, "r") else { throw FixtureError("open " + path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { return bytes }
      bytes += chunk[..<count]
    }
  }

  private static func write(_ bytes: [UInt8], to path: String) throws {
    try makeParent(of: path)
    guard let file = fopen(path, "w") else { throw FixtureError("open " + path) }
    let written = fwrite(bytes, 1, bytes.count, file)
    guard fclose(file) == 0, written == bytes.count else { throw FixtureError("write " + path) }
  }

  private static func makeParent(of path: String) throws {
    guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
    let parent = String(path[..<slash])
    if access(parent, F_OK) == 0 { return }
    try makeParent(of: parent)
    if mkdir(parent, 0o755) != 0, errno != EEXIST { throw FixtureError("make " + parent) }
  }

  private static func remove(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    if status.st_mode & S_IFMT == S_IFDIR {
      for name in names(in: path) { remove(path + "/" + name) }
      rmdir(path)
    } else {
      unlink(path)
    }
  }
}

/// Error of creating a tree.
package struct FixtureError: Error {
  /// The action, its object, and errno.
  package let description: String

  init(_ action: String) {
    description = action + ": " + String(cString: strerror(errno))
  }
}

private func check(_ result: Int32, _ action: String) throws {
  if result < 0 { throw FixtureError(action) }
}
