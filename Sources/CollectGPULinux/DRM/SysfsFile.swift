internal import SystemIO

/// A sysfs file with one value, kept open between readings.
///
/// A driver may refuse to answer for a while (EBUSY, EPERM while the device changes its state) or forever (ENODATA,
/// EOPNOTSUPP, no file); all of these are an absent value and not an error.
final class SysfsFile {
  /// Readings skipped before a missing file is tried again.
  static let rest = 30

  private let file: PersistentFile
  private var resting = 0

  /// Creates a file without opening it.
  init(_ path: String) {
    file = PersistentFile(path)
  }

  /// Passes the current contents to `body`; nil if unreadable.
  func read<Result>(_ buffer: ReadBuffer, _ body: (Span<UInt8>) -> Result) -> Result? {
    if resting > 0 {
      resting -= 1
      return nil
    }
    if let result = file.readIfPresent(into: buffer, body) { return result }
    // An existing file that refuses may answer the next time.
    if !Files.exists(file.path) { resting = Self.rest }
    return nil
  }

  /// The number at the beginning, or NaN.
  func number(_ buffer: ReadBuffer) -> Double {
    read(buffer) { bytes in
      var position = 0
      return bytes.signed(&position).map { Double($0) } ?? .nan
    } ?? .nan
  }

  /// The number as a share of 100, or NaN.
  func percent(_ buffer: ReadBuffer) -> Double {
    let number = number(buffer)
    return number >= 0 && number <= 100 ? number / 100 : .nan
  }
}

extension Files {
  /// The hexadecimal number in a sysfs file, such as "0x1002", or nil.
  static func hexadecimal(of path: String) -> UInt64? {
    guard let line = line(of: path) else { return nil }
    return UInt64(line.hasPrefix("0x") ? line.dropFirst(2) : line[...], radix: 16)
  }

  /// The last component of a link's target, such as "amdgpu" for `driver`; nil if it is not a link.
  static func linkName(_ path: String) -> String? {
    guard let name = link(path)?.split(separator: "/").last, name != "..", name != "." else { return nil }
    return String(name)
  }
}
