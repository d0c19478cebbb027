internal import Collect
package import SystemIO

/// A file that the machine may lack: kept open if it exists, otherwise retried only now and then.
///
/// Opening a missing file costs a system call, and its error costs memory; neither belongs in each tick.
package struct BackoffFile {
  /// Reads skipped before a missing file is tried again.
  static let rest = 30

  private let file: PersistentFile
  private var resting = 0

  /// Creates a file without opening it.
  package init(_ path: String) {
    file = PersistentFile(path)
  }

  /// Passes the contents to `body`; nil if the file is absent, which a kernel may also report on reading (EOPNOTSUPP).
  ///
  /// - Throws: CollectorError if the file exists and cannot be read; it is tried again at the next call.
  mutating func read<Result>(
    into buffer: ReadBuffer, _ body: (Span<UInt8>) -> Result
  ) throws(CollectorError) -> Result? {
    if resting > 0 {
      resting -= 1
      return nil
    }
    if let result = file.readIfPresent(into: buffer, body) { return result }
    do {
      // A second read, for the error.
      return try file.read(into: buffer, body)
    } catch let error as SystemError where !error.isAbsent {
      throw CollectorError(error.description)
    } catch {
      resting = Self.rest
      return nil
    }
  }

  /// Passes the contents of an optional file to `body`; nil if it is absent or unreadable.
  package mutating func readIfPresent<Result>(into buffer: ReadBuffer, _ body: (Span<UInt8>) -> Result) -> Result? {
    if resting > 0 {
      resting -= 1
      return nil
    }
    let result = file.readIfPresent(into: buffer, body)
    if result == nil { resting = Self.rest }
    return result
  }
}
