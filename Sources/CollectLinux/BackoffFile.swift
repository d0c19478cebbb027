internal import Collect
internal import SystemIO

/// A file that the machine may lack: kept open where it is there, and looked for only now and then where it is not.
///
/// Looking for what is not there costs a system call, and a failure's error costs memory; neither belongs in each tick.
struct BackoffFile {
  /// Reads between two looks for a file that was not there.
  static let rest = 30

  private let file: PersistentFile
  private var resting = 0

  /// A file by its path; nothing is opened yet.
  init(_ path: String) {
    file = PersistentFile(path)
  }

  /// Shows the contents to `body`; nil where the file is absent, which a kernel may also say on reading (EOPNOTSUPP).
  ///
  /// - Throws: CollectorError when the file is there and cannot be read; it is tried again at the next call.
  mutating func read<Result>(
    into buffer: ReadBuffer, _ body: (Span<UInt8>) -> Result
  ) throws(CollectorError) -> Result? {
    if resting > 0 {
      resting -= 1
      return nil
    }
    if let result = file.readIfPresent(into: buffer, body) { return result }
    do {
      // A second time, for the error.
      return try file.read(into: buffer, body)
    } catch let error as SystemError where !error.isAbsent {
      throw CollectorError(error.description)
    } catch {
      resting = Self.rest
      return nil
    }
  }

  /// Shows the contents to `body`; nil where the file is absent or unreadable, for files that are no loss.
  mutating func readIfPresent<Result>(into buffer: ReadBuffer, _ body: (Span<UInt8>) -> Result) -> Result? {
    if resting > 0 {
      resting -= 1
      return nil
    }
    let result = file.readIfPresent(into: buffer, body)
    if result == nil { resting = Self.rest }
    return result
  }
}
